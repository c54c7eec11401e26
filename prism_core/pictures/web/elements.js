// SPDX-License-Identifier: Apache-2.0
'use strict';
// Elements made of names, attributes and children. Texts become text nodes, never markup.

const SVG = 'http://www.w3.org/2000/svg';

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, '');
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== '' && child !== false));
  return element;
}

function el(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

const byId = (id) => document.getElementById(id);
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const count = (number) => number.toLocaleString('en');
const counted = (number, noun) => `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
const ms = (seconds) => seconds < 10
  ? `${(1000 * seconds).toFixed(seconds < 0.1 ? 1 : 0)} ms` : `${seconds.toFixed(1)} s`;

// Draw again whenever the width changes; `draw` gets it in pixels and gives an element.
function drawToWidth(box, draw) {
  let width = 0;
  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now > 0 && now !== width) box.replaceChildren(draw((width = now)));
  }).observe(box);
}

const ruler = document.createElement('canvas').getContext('2d');
function textWidth(text, font) {
  ruler.font = font;
  return ruler.measureText(text).width;
}

function overlap(a, b) {
  const wide = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const high = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return Math.max(wide, 0) * Math.max(high, 0);
}

// Where texts go around their points, the first ones first: {x, y} of each box, or null where there
// is no room. `labels`: x, y, width, height, gap, angle to try first, isNeeded. `taken`: boxes.
function placeLabels(labels, taken, width, height) {
  const boxes = [...taken];
  return labels.map((label) => {
    let best = null;
    for (const far of [1, 1.8, 3]) {
      for (const [rank, turn] of [0, 1, -1, 2, -2, 3, -3, 4].entries()) {
        const angle = (label.angle || 0) + turn * Math.PI / 4;
        const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
        const box = {
          x: label.x + dx * label.gap * far - label.width * (1 - dx) / 2,
          y: label.y + dy * label.gap * far - label.height * (1 - dy) / 2,
          width: label.width, height: label.height,
        };
        const inside = overlap(box, { x: 0, y: 0, width, height });
        const covered = boxes.reduce((sum, other) => sum + overlap(box, other), 0)
          + 3 * (box.width * box.height - inside);
        const cost = covered + rank * 2 + far * 12;
        if (!best || cost < best.cost) best = { box, covered, cost };
      }
    }
    if (!label.isNeeded && best.covered > 0.1 * label.width * label.height) return null;
    boxes.push(best.box);
    return best.box;
  });
}
