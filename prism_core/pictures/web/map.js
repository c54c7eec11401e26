// SPDX-License-Identifier: Apache-2.0
// A trial as a map after a turn: what is known and hidden, the robot and its way. Or a robot now
// (`isLive`), of which all that is known is drawn, and nobody knows what is true.

const KEY = [
  ['region', 'region'], ['object', 'object'], ['hidden', 'there, but not known'],
  ['robot', 'robot'], ['way', 'way of this turn'], ['before', 'way before'],
  ['answer', 'right answer'], ['look', 'must be looked at'], ['blocked', 'found blocked'],
];
const LABEL = 11.5;

// What is known after so many turns, and how the robot came there.
function stateAfter(trial, turn) {
  const state = { known: new Set(), links: new Set(), robot: null, way: [], before: [], blocked: [], stops: new Map() };
  [trial.start, ...trial.turns.slice(0, turn)].forEach((change, number) => {
    (change.gone || []).forEach((node) => state.known.delete(node));
    (change.linksGone || []).forEach((link) => state.links.delete(link));
    (change.known || []).forEach((node) => state.known.add(node));
    (change.links || []).forEach((link) => state.links.add(link));
    if (state.way.length) state.before.push(state.way);
    state.way = change.way || [];
    state.blocked.push(...(change.blocked || []));
    if (change.robot.length && change.robot[0] !== state.robot) {
      const stops = state.stops.get(change.robot[0]) || [];
      state.stops.set(change.robot[0], [...stops, number ? String(number) : 'start']);
    }
    if (change.robot.length) [state.robot] = change.robot;
  });
  return state;
}

function scaleOf(trial, width) {
  const xs = trial.nodes.map((node) => node[2]), ys = trial.nodes.map((node) => node[3]);
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const padX = Math.min(70, width * 0.12), padY = 36, most = Math.max(360, Math.min(680, width * 0.85));
  const perM = Math.min((width - 2 * padX) / Math.max(right - left, 1), (most - 2 * padY) / Math.max(high - low, 1), 40);
  const height = Math.max((high - low) * perM + 2 * padY, 260);
  return {
    perM, height,
    x: (x) => width / 2 + (x - (left + right) / 2) * perM,
    y: (y) => height / 2 - (y - (low + high) / 2) * perM,
  };
}

// Lines along a way, beside one another where it is driven more than once.
function drawWay(way, points, name) {
  const passes = new Map();
  const lines = [];
  for (let i = 1; i < way.length; i += 1) {
    const [a, b] = [way[i - 1], way[i]];
    const [from, to] = [points[a], points[b]];
    const [dx, dy] = [to.x - from.x, to.y - from.y];
    const length = Math.hypot(dx, dy) || 1;
    const key = `${Math.min(a, b)} ${Math.max(a, b)}`;
    const pass = passes.get(key) || 0;
    passes.set(key, pass + 1);
    const side = 5 * (pass % 6) * (a < b ? 1 : -1) / length;
    const [ox, oy] = [-side * dy, side * dx];
    const at = (share) => `${from.x + ox + share * dx},${from.y + oy + share * dy}`;
    const [ux, uy] = [dx / length * 7, dy / length * 7];
    const [mx, my] = [from.x + ox + 0.56 * dx, from.y + oy + 0.56 * dy];
    lines.push(svg('polyline', { class: name, points: `${at(0)} ${at(1)}` }));
    if (name === 'way' && length > 24) {
      lines.push(svg('polygon', {
        class: 'arrow',
        points: `${mx + ux},${my + uy} ${mx - ux - uy * 0.8},${my - uy + ux * 0.8} ${mx - ux + uy * 0.8},${my - uy - ux * 0.8}`,
      }));
    }
  }
  return lines;
}

function drawNode(trial, number, point, isKnown) {
  const [name, isRegion, , , about] = trial.nodes[number];
  const group = svg('g', { class: `node ${isRegion ? 'region' : 'object'} ${isKnown ? '' : 'hidden'}` },
    svg('title', {}, `${name}${isKnown ? '' : ' (not known)'}${about ? `; ${trial.isLive ? '' : 'in truth: '}${about}` : ''}`));
  group.append(isRegion
    ? svg('circle', { cx: point.x, cy: point.y, r: isKnown ? 7 : 5.5 })
    : svg('rect', { x: point.x - 5, y: point.y - 5, width: 10, height: 10, rx: 1 }));
  return group;
}

function angleOf(trial, points, number) {
  const near = trial.links.filter(([a, b]) => a === number || b === number)
    .map(([a, b]) => points[a === number ? b : a]);
  const own = points[number];
  const dx = near.reduce((sum, p) => sum + (own.x - p.x) / (Math.hypot(own.x - p.x, own.y - p.y) || 1), 0);
  const dy = near.reduce((sum, p) => sum + (own.y - p.y) / (Math.hypot(own.x - p.x, own.y - p.y) || 1), 0);
  return Math.abs(dx) + Math.abs(dy) < 0.01 ? -Math.PI / 2 : Math.atan2(dy, dx);
}

function drawNames(trial, state, points, width, height) {
  const marked = new Set([...trial.answers, ...trial.looks.slice(0, 4), state.robot, ...state.way]);
  const rank = (n) => (marked.has(n) ? 0 : state.known.has(n) ? 1 : 2) - (trial.nodes[n][1] ? 0.5 : 0);
  const ringed = new Set([...trial.answers, ...trial.looks]);
  const radius = (n) => (n === state.robot ? 16 : ringed.has(n) ? 12 : 7);
  const order = trial.nodes.map((_, n) => n).sort((a, b) => rank(a) - rank(b));
  const labels = order.map((n) => {
    const stops = state.stops.get(n) || [];
    const few = stops.length > 4 ? ['…', ...stops.slice(-3)] : stops;
    const badge = few.length ? ` ${few.join('·')}` : '';
    const isFound = state.known.has(n) && !trial.start.known.includes(n);
    return {
      n, badge, weight: isFound || marked.has(n) ? 600 : 400, ...points[n], gap: radius(n) + 4, height: LABEL + 3, isNeeded: marked.has(n), angle: angleOf(trial, points, n),
      width: textWidth(trial.nodes[n][0] + badge, `700 ${LABEL}px system-ui, sans-serif`) + 3,
    };
  });
  const taken = points.map(({ x, y }, n) => ({ x: x - radius(n), y: y - radius(n), width: 2 * radius(n), height: 2 * radius(n) }));
  for (let i = 1; i < state.way.length; i += 1) {
    const [from, to] = [points[state.way[i - 1]], points[state.way[i]]];
    for (const share of [0.25, 0.5, 0.75]) {
      taken.push({ x: from.x + share * (to.x - from.x) - 5, y: from.y + share * (to.y - from.y) - 5, width: 10, height: 10 });
    }
  }
  return placeLabels(labels, taken, width, height).flatMap((box, i) => {
    const { n, badge, weight } = labels[i];
    if (!box) return [];
    const name = state.known.has(n) ? (trial.nodes[n][1] ? 'region' : 'object') : 'hidden';
    return [svg('text', { class: `name halo ${name}`, x: box.x + 1, y: box.y + LABEL, 'font-size': LABEL, 'font-weight': weight },
      trial.nodes[n][0], badge && svg('tspan', { class: 'badge' }, badge))];
  });
}

function drawMap(trial, turn, width) {
  const state = stateAfter(trial, turn);
  const { x, y, height, perM } = scaleOf(trial, width);
  const points = trial.nodes.map((node) => ({ x: x(node[2]), y: y(node[3]) }));
  const at = state.robot == null ? 'unknown' : trial.nodes[state.robot][0];
  const map = svg('svg', {
    width, height, role: 'img',
    'aria-label': trial.isLive ? `Map of ${trial.nodes.length} nodes, robot in ${at}`
      : `Map after turn ${turn}: ${state.known.size} of ${trial.nodes.length} nodes known, robot in ${at}`,
  });
  const line = ([a, b], name) => svg('line', { class: name, x1: points[a].x, y1: points[a].y, x2: points[b].x, y2: points[b].y });
  trial.links.forEach((link, number) => {
    const isKnown = state.links.has(number);
    map.append(line(link, `link ${link[2] ? 'drive' : 'view'} ${isKnown ? '' : 'hidden'}`));
  });
  const before = new Map();
  for (const way of state.before) {
    for (let i = 1; i < way.length; i += 1) before.set([way[i - 1], way[i]].sort().join(), [way[i - 1], way[i]]);
  }
  for (const way of before.values()) map.append(...drawWay(way, points, 'before'));
  map.append(...drawWay(state.way, points, 'way'));
  for (const [a, b] of state.blocked) {
    const [mx, my] = [(points[a].x + points[b].x) / 2, (points[a].y + points[b].y) / 2];
    map.append(line([a, b], 'blocked'),
      svg('path', { class: 'blocked', d: `M${mx - 6},${my - 6}l12,12m0,-12l-12,12` }));
  }
  trial.nodes.forEach((_, n) => map.append(drawNode(trial, n, points[n], state.known.has(n))));
  const ring = (n, name, r) => svg('circle', { class: `ring ${name}`, cx: points[n].x, cy: points[n].y, r });
  map.append(...trial.looks.map((n) => ring(n, 'look', 11)), ...trial.answers.map((n) => ring(n, 'answer', 11)));
  if (state.robot != null) map.append(ring(state.robot, 'robot', 15));
  map.append(...drawNames(trial, state, points, width, height - 18));
  const metres = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((m) => m * perM >= 50) || 1000;
  map.append(svg('path', { class: 'scale', d: `M8,${height - 10}v4h${metres * perM}v-4` }),
    svg('text', { class: 'axis', x: 14 + metres * perM, y: height - 4 }, `${metres} m`));
  return map;
}

function drawKey(entries = KEY, ofStops = 'turns of a stop') {
  const swatch = (name) => {
    const box = svg('svg', { width: 22, height: 16, 'aria-hidden': 'true' });
    if (['way', 'before'].includes(name)) box.append(svg('polyline', { class: name, points: '2,8 20,8' }));
    else if (name === 'blocked') box.append(svg('path', { class: name, d: 'M6,3l10,10m0,-10l-10,10' }));
    else if (['robot', 'answer', 'look'].includes(name)) box.append(svg('circle', { class: `ring ${name}`, cx: 11, cy: 8, r: 6 }));
    else if (name === 'object') box.append(svg('g', { class: 'node object' }, svg('rect', { x: 6, y: 3, width: 10, height: 10, rx: 1 })));
    else box.append(svg('g', { class: `node region ${name}` }, svg('circle', { cx: 11, cy: 8, r: 6 })));
    return box;
  };
  byId('key').append(...entries.map(([name, text]) => el('span', {}, swatch(name), text)),
    el('span', {}, el('b', {}, 'bold'), ' found on the way, or marked'),
    el('span', {}, el('span', { class: 'badge' }, '2·5'), ` ${ofStops}`));
}
