# SPDX-License-Identifier: Apache-2.0
# `make demo` and `make test` do all the set-up (prism_ros/set_up.py), on a machine with or without ROS; what only tests
# and training need (torch, Ray, linters) is installed when they are run.
#
# Without ROS, the virtual environment .venv holds ROS 2 Jazzy from PyPI and is made to look like an
# installed one (prism_ros/ros_wheels.py). Where a ROS installation is sourced (ROS_DISTRO is set),
# that one is used instead, with its own Python.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: setup demo test test-long lint format bench clean

ifdef ROS_DISTRO
PYTHON ?= /usr/bin/python3
ENV := . .venv/bin/activate
else
PYTHON ?= python3
ENV := . .venv/setup.sh
endif

# Tests start hundreds of Pythons, each of which would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

INTERFACES := $(wildcard prism_msgs/*/*.msg prism_msgs/*/*.srv prism_msgs/*/*.action)
RUN := $(ENV) && . install/local_setup.sh &&
PYTEST := python -m pytest --numprocesses auto --dist worksteal --durations 30

setup: install/.built

install/.built: setup.py pyproject.toml setup.cfg package.xml prism_msgs/CMakeLists.txt prism_msgs/package.xml $(INTERFACES)
	$(PYTHON) -m prism_ros.set_up
	touch $@

.venv/.installed_dev: install/.built
	$(PYTHON) -m prism_ros.set_up --tests
	touch $@

demo: setup
	$(RUN) prism demo

test: setup .venv/.installed_dev
	$(RUN) $(PYTEST)
	. .venv/bin/activate && nox --session core --no-error-on-missing-interpreters

test-long: setup .venv/.installed_dev
	$(RUN) $(PYTEST) -m '' --hypothesis-profile long --timeout 1800

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
