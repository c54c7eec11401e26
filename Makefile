# `make demo` and `make test` do all the set-up, on a machine with or without ROS; what only tests
# and training need (torch, Ray, linters) is installed when they are run.
#
# Without ROS, the virtual environment .venv holds ROS 2 Jazzy from PyPI and is made to look like an
# installed one (prism_ros/ros_wheels.py). Where a ROS installation is sourced (ROS_DISTRO is set),
# that one is used instead, with its own Python.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: setup demo test lint format bench clean

ifdef ROS_DISTRO
PYTHON ?= /usr/bin/python3
VENV_FLAGS := --system-site-packages
EXTRAS := data,robot
# The messages of an installed ROS are built against numpy 1.
CONSTRAINTS := 'numpy<2'
ENV := . .venv/bin/activate
MAKE_ROS := true
else
PYTHON ?= python3
EXTRAS := ros,data,robot
ENV := . .venv/setup.sh
MAKE_ROS := .venv/bin/python -m prism_ros.ros_wheels
endif

# The version that the tests were run with.
TORCH ?= 'torch==2.13.0'

INTERFACES := $(wildcard prism_msgs/*/*.msg prism_msgs/*/*.srv prism_msgs/*/*.action)
RUN := $(ENV) && . install/local_setup.sh &&

setup: install/.built

.venv/.installed: setup.py pyproject.toml
	$(PYTHON) -m venv $(VENV_FLAGS) .venv
	.venv/bin/pip install --quiet -e '.[$(EXTRAS)]' $(CONSTRAINTS)
	$(MAKE_ROS)
	touch $@

.venv/.installed_dev: .venv/.installed
	.venv/bin/pip install --quiet -e '.[$(EXTRAS),train,ray,dev]' $(TORCH) $(CONSTRAINTS)
	touch $@

install/.built: .venv/.installed setup.cfg package.xml prism_msgs/CMakeLists.txt prism_msgs/package.xml $(INTERFACES)
	$(ENV) && python -m colcon build  # not `colcon`: the nodes get the Python that runs it
	touch $@

demo: setup
	$(RUN) prism demo

test: setup .venv/.installed_dev
	$(RUN) python -m pytest --numprocesses auto --dist worksteal
	. .venv/bin/activate && nox --session core --no-error-on-missing-interpreters

bench: setup
	$(RUN) prism bench graph
	$(RUN) prism bench plan
	$(RUN) prism bench student

lint: setup .venv/.installed_dev
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy

format: setup .venv/.installed_dev
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

clean:
	rm -rf .venv build install log .nox .pytest_cache .mypy_cache .ruff_cache .hypothesis
