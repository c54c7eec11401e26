// SPDX-License-Identifier: Apache-2.0
// A robot as it is now. Everything comes as events; what a person tells goes back as JSON.

const { canAct } = JSON.parse(byId('data').textContent);
const SILENT_MS = 4000; // the server sends something each second
const BLIND_MS = 700; // another step to approve cannot be clicked at once: it was not read yet
const KEY_NOW = [
  ['region', 'region'], ['object', 'object'], ['robot', 'robot'], ['way', 'way planned'],
  ['before', 'way driven'], ['look', 'step under way'], ['blocked', 'found blocked'],
];
const MARKS = {
  pending: '○', running: '▶', succeeded: '✓', failed: '✗', canceled: '■', skipped: '–',
  'awaiting approval': '?',
};
let state = null;
let mapNow = null;
let heardAt = 0;
let shownApproval = '';
let drawnWidth = 0;

const show = (id, isShown) => { byId(id).hidden = !isShown; };
const say = (id, text) => { if (byId(id).textContent !== text) byId(id).textContent = text; };
const plural = (number, noun) => counted(number, noun);

// ------------------------------------------------------------------------------- what is drawn

function drawNow() {
  const width = byId('map').clientWidth;
  if (!mapNow || !mapNow.nodes.length || !width) return;
  drawnWidth = width;
  byId('map').replaceChildren(drawMap(mapNow, mapNow.turns.length, width));
  const drawn = mapNow.nodes.length;
  const parts = [drawn < mapNow.total && `${count(drawn)} of ${count(mapNow.total)} nodes are drawn, those nearest to the robot`,
    mapNow.unknown, 'north is up; point at a node for what is known of it'];
  say('about-map', parts.filter(Boolean).join('; '));
}

function showPlan(plan) {
  say('task', plan ? `“${plan.task}”` : 'no plan yet');
  say('goal', plan && plan.goal ? `goal: ${plan.goal}` : '');
  byId('steps').replaceChildren(...(plan ? plan.steps : []).map((step) => {
    const isNow = ['running', 'awaiting approval'].includes(step.status);
    const isAhead = isNow || step.status === 'pending';
    return el('li', { 'aria-current': isNow && 'step' },
      el('span', { class: { succeeded: 'good', failed: 'bad' }[step.status] || '', title: step.status, 'aria-label': step.status }, MARKS[step.status] || '·'),
      el('code', { class: 'step' }, step.text),
      (step.message || (isAhead && step.needs_approval)) && el('span', { class: 'quiet' }, [isAhead && step.needs_approval && 'needs approval', step.message].filter(Boolean).join('; ')));
  }));
  const current = byId('steps').querySelector('[aria-current]');
  if (current) byId('steps').scrollTop = current.offsetTop - byId('steps').offsetTop - 60;
}

function showSource(plan, planners) {
  say('source', plan && plan.source ? `by ${[plan.source, plan.model !== plan.source && plan.model && `(${plan.model})`].filter(Boolean).join(' ')}` : '');
  say('reasoning', plan ? plan.reasoning : '');
  const others = plan ? [...plan.passed_over.map((why) => `passed over ${why}`), ...plan.warnings.map((why) => `note: ${why}`)] : [];
  byId('passed-over').replaceChildren(...others.map((why) => el('li', {}, why)));
  byId('planners').replaceChildren(el('tbody', {}, planners ? planners.planners.map((one) => el('tr', {},
    el('th', { scope: 'row' }, one.name),
    el('td', { class: { ready: 'good', out: 'bad' }[one.state] || '' }, one.state),
    el('td', {}, [one.model !== one.name && one.model, one.detail].filter(Boolean).join('; ')))) : []));
}

function showBudgets(mission) {
  show('budgets-box', Boolean(mission));
  if (!mission) return;
  const { limits } = mission;
  const row = (what, used, most, unit, digits = 0) => el('tr', {}, el('th', { scope: 'row' }, what),
    el('td', {}, most ? el('progress', { max: most, value: Math.min(used, most), 'aria-label': what }) : ''),
    el('td', {}, most ? `${Math.max(most - used, 0).toFixed(digits)}${unit} left of ${most.toFixed(digits)}${unit}` : `${used.toFixed(digits)}${unit} used`));
  byId('budgets').replaceChildren(el('tbody', {},
    row('plans', mission.turns, limits.turns, ''),
    row('after failures', mission.replans, limits.replans, ''),
    row('driven', mission.distance_m, limits.distance_m, ' m'),
    row('time', mission.elapsed_s, limits.time_s, ' s')));
}

function showApproval(approval) {
  const key = approval ? `${approval.plan} ${approval.step}` : '';
  show('approval', Boolean(approval));
  if (key === shownApproval) return;
  shownApproval = key;
  if (!approval) return;
  say('approval-step', approval.text);
  byId('approval-form').reset();
  for (const id of ['approve', 'deny']) {
    byId(id).disabled = true;
    byId(id).dataset.key = key;
  }
  setTimeout(() => {
    if (shownApproval === key) for (const id of ['approve', 'deny']) byId(id).disabled = false;
  }, BLIND_MS);
}

function showEnd(end) {
  const asks = Boolean(end && end.isQuestion);
  show('question', asks);
  show('end', Boolean(end) && !asks);
  if (!end) return;
  say('question-text', end.answer);
  const isGood = end.code === 'NONE';
  byId('end-text').className = isGood ? 'good' : 'bad';
  say('end-text', isGood ? end.answer || 'done' : `${end.code}: ${end.error}`);
  say('end-cost', `${plural(end.turns, 'plan')}, ${plural(end.replans, 'replan')}, ${end.distance_m.toFixed(0)} m, ${end.elapsed_s.toFixed(0)} s`);
}

function showSeen(seen) {
  byId('seen').replaceChildren(...[...seen].reverse().map(([time, text, isBad]) => el('li', {},
    el('time', {}, new Date(1000 * time).toLocaleTimeString('en-GB')), el('span', { class: isBad ? 'bad' : '' }, text))));
}

function showDoing() {
  const { mission, planners, hasExecutor, graph } = state;
  const silent = mission && mission.silent_s;
  const wrong = !graph ? 'no scene graph is heard' : !planners ? 'no planner is heard'
    : planners.silent_s ? `no planner was heard for ${planners.silent_s} s`
      : ['fault', 'inactive'].includes(planners.state) ? `planner: ${planners.state}; ${planners.detail}`
        : !hasExecutor ? 'nobody takes missions' : '';
  const now = silent ? `nothing was heard of the mission for ${silent} s`
    : mission ? `${mission.phase}${mission.steps_total ? `, step ${mission.step + 1} of ${mission.steps_total}` : ''}`
      : wrong || 'no mission is under way';
  say('doing', now);
  byId('doing').className = `pill ${silent || (!mission && wrong) ? 'bad' : mission ? 'good' : ''}`;
  say('message', mission && !state.approval ? mission.message : '');
}

function showState() {
  const name = state.robot.replace(/^\/+/, '');
  say('robot', name);
  document.title = [name, state.mission ? state.mission.phase : 'PRISM'].filter(Boolean).join(': ');
  showDoing();
  showPlan(state.plan);
  showSource(state.plan, state.planners);
  showBudgets(state.mission);
  showApproval(state.approval);
  showEnd(state.end);
  showSeen(state.seen);
}

// ------------------------------------------------------------------------------- what is told

async function tell(path, body, form) {
  let said;
  let isDone = false;
  try {
    const answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    ({ done: isDone, said } = await answer.json());
  } catch (error) {
    said = `nobody answers: ${error.message}`;
  }
  byId('reply').hidden = isDone && !said;
  byId('reply').className = `notice ${isDone ? 'good' : 'bad'}`;
  byId('reply').textContent = said;
  if (isDone && form) form.reset();
}

byId('stop').addEventListener('click', () => tell('/stop', {}));
for (const [id, approve] of [['approve', true], ['deny', false]]) {
  byId(id).addEventListener('click', () => {
    const [plan, step] = byId(id).dataset.key.split(' '); // of what was read, not of what came since
    for (const one of ['approve', 'deny']) byId(one).disabled = true;
    tell('/approve', { plan_id: plan, step: Number(step), approve, reason: byId('approval-form').elements.reason.value });
  });
}
byId('approval-form').addEventListener('submit', (event) => event.preventDefault());
byId('question-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (!state.end) return;
  tell('/task', { task: event.target.elements.reply.value, continue_mission: state.end.mission_id }, event.target);
});
byId('task-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const { task, require_approval: ask, dry_run: dry } = event.target.elements;
  tell('/task', { task: task.value, require_approval: ask.checked, dry_run: dry.checked }, event.target);
});

// ------------------------------------------------------------------------------------- start

function hear(event) {
  heardAt = Date.now();
  byId('link').textContent = 'live';
  byId('link').className = 'pill good';
  document.body.classList.remove('lost');
  return event.data;
}

// The browser connects again by itself where a connection breaks; where it is refused we do.
function connect() {
  const events = new EventSource('/events');
  events.addEventListener('beat', hear);
  events.addEventListener('state', (event) => {
    state = JSON.parse(hear(event));
    showState();
  });
  events.addEventListener('map', (event) => {
    mapNow = JSON.parse(hear(event));
    drawNow();
  });
  events.addEventListener('error', () => {
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  });
}

connect();
setInterval(() => {
  if (Date.now() - heardAt < SILENT_MS) return;
  byId('link').textContent = heardAt ? `nothing is heard since ${new Date(heardAt).toLocaleTimeString('en-GB')}` : 'connecting';
  byId('link').className = 'pill bad';
  document.body.classList.add('lost');
}, 1000);
if (!canAct) for (const one of document.querySelectorAll('.acts')) one.hidden = true;
drawKey(KEY_NOW, 'stops, in their order');
new ResizeObserver(() => {
  if (byId('map').clientWidth !== drawnWidth) drawNow();
}).observe(byId('map'));
