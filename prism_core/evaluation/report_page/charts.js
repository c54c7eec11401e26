// SPDX-License-Identifier: Apache-2.0
// The planners in figures: cards, success with intervals by view, time against success.

const UNSEEN = ['wording and classes', 'unseen'];
const VIEWS = [
  ['kind', 'By kind of task'],
  ['wording and classes', 'By wording and places'],
  ['regions', 'By size of the world, in regions'],
  ['hidden', 'By share hidden at the start'],
  ['start', 'By what is known at the start'],
];
const FONT = '12px system-ui, sans-serif';

const hue = (planner) => `p${planner % 8}`;
const unseenOf = (scores) => scores.views[UNSEEN[0]]?.[UNSEEN[1]];
const interval = (e) => `${percent(e.low)} to ${percent(e.high)}`;

function behaviour({ costs, manners, model_costs: model, path }) {
  const oracle = costs.oracle_actions > 0;
  const beside = (value, best, unit) => `${value.toFixed(1)}${unit}${oracle ? `, the oracle ${best.toFixed(1)}${unit}` : ''}`;
  return [
    oracle && ['success weighted by path (SPL)', path.toFixed(3)],
    ['actions of a trial', beside(costs.actions, costs.oracle_actions, '')],
    ['way of a trial', beside(costs.metres, costs.oracle_metres, ' m')],
    ['asked what is meant', `${count(manners.asked_right)} right, ${count(manners.asked_wrong)} needless, ${count(manners.asked_not)} missed`],
    ...Object.entries(manners.remarks).map(([name, times]) => [name, count(times)]),
    model && ['tokens of a reply', `${count(model.read_tokens)} of ${count(model.prompt_tokens)} read anew, ${count(model.new_tokens)} said (medians)`],
    model && ['time to the first token', `${ms(model.first_token_s)} median, ${ms(model.first_token_p95_s)} p95`],
    model && ['memory of a process', `${count(model.peak_mib)} MiB`],
  ];
}

// What planners that deserve no success do on a part of the same suite.
function controls(scores) {
  const junk = Object.entries(scores.controls).filter(([, control]) => control.chance !== null);
  const best = junk.reduce((one, other) => (other[1].solved > one[1].solved ? other : one), junk[0]);
  const { symbolic } = scores.controls;
  return [
    best && ['controls solve at most', `${percent(best[1].solved)} ${best[1].has_twins
      ? 'of what cannot be guessed' : `of tasks without twins (${best[0]})`}`],
    symbolic && ['the symbolic planner there', `${percent(symbolic.success.value)} (${interval(symbolic.success)})`],
  ];
}

function drawCard(planner, index) {
  const scores = planner.scores;
  const unseen = unseenOf(scores);
  const first = unseen || scores.success;
  const refused = scores.first_invalid.all;
  const facts = [
    unseen && ['all wording and places', `${percent(scores.success.value)} (${interval(scores.success)}), ${counted(scores.success.tasks, 'task')}`],
    ['wrong, of all', `${percent(scores.ends.wrong.value)} (${interval(scores.ends.wrong)})`],
    ['asked', `${percent(scores.ends.asked.value)} (${interval(scores.ends.asked)})`],
    ['said that it does not know', `${percent(scores.ends.unknown.value)} (${interval(scores.ends.unknown)})`],
    scores.reference_rule && ["by the reference code's rule", `${percent(scores.reference_rule.value)} (${interval(scores.reference_rule)})`],
    ['trials', `${count(scores.trials)}, of which ${count(planner.failed.all)} failed`],
    ['plans', count(scores.plans)],
    ['first replies refused', `${count(refused)} (${(100 * refused / Math.max(scores.plans, 1)).toFixed(2)} %)`],
    ['trials left without a plan', count(scores.left_invalid)],
    ['trials that did the same in vain over and over', count(scores.stuck)],
    ['made-up names said', count(scores.made_up)],
    ['time of a plan', `${ms(scores.plan_median_s)} median, ${ms(scores.plan_p95_s)} p95`],
    ...behaviour(scores),
    ...controls(scores),
  ].filter(Boolean);
  const wrong = (unseen && scores.wrong_views[UNSEEN[0]]?.[UNSEEN[1]]) || scores.ends.wrong;
  return el('div', { class: `card ${hue(index)}` },
    el('h3', {}, planner.label),
    el('p', { class: 'headline' }, el('strong', {}, percent(first.value)), ` ${interval(first)}`),
    el('p', {}, unseen ? 'succeed on unseen wording and places' : 'succeed',
      `, ${counted(first.tasks, 'task')}`),
    el('p', { class: 'headline wrong' }, el('strong', {}, percent(wrong.value)), ` ${interval(wrong)}`),
    el('p', {}, 'are wrong there; the others ask, or say that they do not know'),
    el('dl', {}, facts.map(([term, value]) => [el('dt', {}, term), el('dd', {}, value)])),
    el('details', {}, el('summary', {}, 'What was played'),
      el('p', { class: 'quiet' }, `planner: ${planner.candidate}`),
      el('p', { class: 'quiet' }, `suite: ${planner.suite}`),
      el('p', { class: 'quiet' }, `sha256 of the tasks: ${planner.scores.suite_sha256}`)));
}

// Groups in order: up to 6, 7 to 9, 10 to 12; more than 30 last.
const groupsOf = (planners, view) => [
  ...new Set(planners.flatMap((planner) => Object.keys(planner.scores.views[view] || {}))),
].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));

function drawForest(planners, view, title, width, shares = 'views') {
  const groups = groupsOf(planners, view);
  const line = 18, space = 10, top = 8, bottom = 26;
  const left = Math.min(150, 14 + Math.max(...groups.map((g) => textWidth(g, FONT))));
  const said = (e) => `${(100 * e.value).toFixed(0)} % of ${count(e.tasks)}`;
  const right = 14 + textWidth('100 % of 9,999', FONT);
  const x = (share) => left + share * (width - left - right);
  const height = top + groups.length * (planners.length * line + space) + bottom;
  const chart = svg('svg', { width, height, role: 'img', 'aria-label': title });
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    chart.append(
      svg('line', { class: 'grid', x1: x(share), x2: x(share), y1: top, y2: height - bottom }),
      svg('text', { class: 'axis', x: x(share), y: height - 8, 'text-anchor': 'middle' }, `${100 * share} %`));
  }
  groups.forEach((group, row) => {
    const start = top + row * (planners.length * line + space) + space / 2;
    const middle = start + planners.length * line / 2;
    chart.append(svg('text', { x: left - 10, y: middle + 4, 'text-anchor': 'end' }, group));
    planners.forEach((planner, index) => {
      const e = planner.scores[shares][view]?.[group];
      if (!e) return;
      const y = start + (index + 0.5) * line;
      chart.append(svg('g', { class: hue(index) },
        svg('title', {}, `${planner.label}, ${group}: ${percent(e.value)} (${interval(e)}), ${counted(e.tasks, 'task')}`),
        svg('line', { class: 'interval', x1: x(e.low), x2: x(e.high), y1: y, y2: y }),
        svg('circle', { class: 'dot', cx: x(e.value), cy: y, r: 5 }),
        svg('text', { class: 'number', x: width - right + 14, y: y + 4 }, said(e))));
    });
  });
  return chart;
}

function drawTimes(planners, title, width) {
  const points = planners
    .map((planner, index) => ({ planner, index, success: unseenOf(planner.scores) || planner.scores.success }))
    .filter(({ planner }) => planner.scores.plan_median_s > 0);
  const height = 300, left = 52, right = 16, top = 12, bottom = 46;
  const times = points.flatMap(({ planner: { scores } }) => [scores.plan_median_s, scores.plan_p95_s]);
  const low = Math.floor(Math.log10(Math.min(...times))), high = Math.ceil(Math.log10(Math.max(...times)) + 1e-9);
  const x = (s) => left + (Math.log10(s) - low) / Math.max(high - low, 1) * (width - left - right);
  const y = (share) => top + (1 - share) * (height - top - bottom);
  const chart = svg('svg', { width, height, role: 'img', 'aria-label': title });
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    chart.append(svg('line', { class: 'grid', x1: left, x2: width - right, y1: y(share), y2: y(share) }),
      svg('text', { class: 'axis', x: left - 8, y: y(share) + 4, 'text-anchor': 'end' }, `${100 * share} %`));
  }
  for (let power = low; power <= high; power += 1) {
    const s = 10 ** power;
    chart.append(svg('line', { class: 'grid', x1: x(s), x2: x(s), y1: top, y2: height - bottom }),
      svg('text', { class: 'axis', x: x(s), y: height - bottom + 18, 'text-anchor': 'middle' },
        power < 0 ? `${+(1000 * s).toPrecision(1)} ms` : `${s} s`));
  }
  chart.append(svg('text', { class: 'axis', x: (left + width - right) / 2, y: height - 8, 'text-anchor': 'middle' },
    'time of a plan: median, line to p95'));
  const labels = points.map(({ planner, success }) => ({
    x: x(planner.scores.plan_median_s), y: y(success.value), gap: 10, height: 16, isNeeded: true,
    width: textWidth(planner.label, `600 ${FONT}`) + 4, angle: -Math.PI / 4,
  }));
  const taken = points.flatMap(({ planner: { scores }, success }) => [
    { x: x(scores.plan_median_s) - 6, y: y(success.high), width: 12, height: y(success.low) - y(success.high) },
    { x: x(scores.plan_median_s), y: y(success.value) - 2, width: x(scores.plan_p95_s) - x(scores.plan_median_s), height: 4 },
  ]);
  taken.push({ x: 0, y: 0, width: left, height });
  const places = placeLabels(labels, taken, width, height - bottom);
  points.forEach(({ planner, index, success }, i) => {
    const [cx, cy] = [labels[i].x, labels[i].y];
    chart.append(svg('g', { class: hue(index) },
      svg('line', { class: 'interval', x1: cx, x2: cx, y1: y(success.low), y2: y(success.high) }),
      svg('line', { class: 'tail', x1: cx, x2: x(planner.scores.plan_p95_s), y1: cy, y2: cy }),
      svg('circle', { class: 'dot', cx, cy, r: 6 }),
      svg('text', { class: 'halo colored', x: places[i].x, y: places[i].y + 12 }, planner.label)));
  });
  return chart;
}

function drawFigures(planners) {
  byId('cards').append(...planners.map(drawCard));
  const suites = new Set(planners.map((planner) => planner.scores.suite_sha256));
  if (suites.size > 1) {
    byId('suites').hidden = false;
    byId('suites').textContent = 'These planners did not all play the same tasks: compare their figures with care.';
  }
  if (planners.length > 1) {
    byId('legend').append(...planners.map((planner, index) =>
      el('span', { class: hue(index) }, el('i', { class: 'swatch' }), planner.label)));
  }
  const figures = VIEWS.filter(([view]) => groupsOf(planners, view).length)
    .map(([view, title]) => [title, (width) => drawForest(planners, view, title, width)]);
  const [kind] = VIEWS[0];
  if (groupsOf(planners, kind).length) {
    const title = 'Wrong, for each kind: neither right, nor asked, nor said not to be known';
    figures.splice(1, 0, [title, (width) => drawForest(planners, kind, title, width, 'wrong_views')]);
  }
  if (planners.some(({ scores }) => scores.plan_median_s > 0)) {
    const title = 'Time against success on unseen wording and places';
    figures.push([title, (width) => drawTimes(planners, title, width)]);
  }
  for (const [title, draw] of figures) {
    const box = el('div');
    byId('charts').append(el('figure', {}, el('figcaption', {}, title), box));
    drawToWidth(box, draw);
  }
}
