/* The panels of one connection's facts: overview, certificates. */

function drawPanel() {
  const main = $('main'), list = panels(), index = list.findIndex(p => p.id === state.panel), panel = list[index];
  shown.panel = state.panel;
  shown.tree = shown.grid = shown.inspector = null;
  state.node = null;
  const neighbour = (p, label) => p && link(address(p.id), {class: 'neighbour'}, label);
  main.replaceChildren(...[panel.show()].flat(Infinity).filter(Boolean),
    h('div', {class: 'neighbours'}, neighbour(list[index - 1], `← ${index ? list[index - 1].title : ''}`),
      neighbour(list[index + 1], `${index + 1 < list.length ? list[index + 1].title : ''} →`)));
  $('#app').dataset.panel = /^m\d/.test(panel.id) ? 'message' : panel.id;
  for (const element of document.querySelectorAll('[data-panel]')) {
    if (element.id === 'app') continue;
    const here = element.dataset.panel === panel.id;
    element.classList.toggle('here', here);
    if (element.matches('nav a')) {
      element.tabIndex = here ? 0 : -1;
      if (here) { element.setAttribute('aria-current', 'page'); element.scrollIntoView({block: 'nearest'}); }
      else element.removeAttribute('aria-current');
    }
  }
  const step = $('.ladder .step.here');
  if (step) within($('.ladder'), step);
  main.scrollTop = 0;
}

const title = (text, ...rest) => h('h2', {tabindex: '-1'}, text, ...rest);

/* Scrolls a box so far that the element shows, and nothing else. */
function within(box, element) {
  const a = box.getBoundingClientRect(), b = element.getBoundingClientRect();
  if (box.scrollHeight <= box.clientHeight) return;
  if (b.top < a.top + 24) box.scrollTop -= a.top - b.top + 24;
  else if (b.bottom > a.bottom - 24) box.scrollTop += b.bottom - a.bottom + 24;
}

function showOverview() {
  const story = current();
  const aims = Object.entries(story.protected_against || {});
  return [title(tx('Overview')),
    h('div', {class: 'lead'}, (story.summary || []).map(text => h('p', {}, said(text)))),
    story.error && h('section', {class: 'trouble'}, h('h3', {}, tx('What went wrong')), anything('error', story.error)),
    aims.length > 0 && h('section', {}, h('h3', {}, tx('Protected against')), h('ul', {class: 'aims'}, aims.map(([name, aim]) =>
      h('li', {class: {yes: 'good', no: 'bad'}[aim.protected] || 'open'},
        h('h4', {}, h('span', {class: 'sign', 'aria-hidden': 'true'}, {yes: '✓', no: '✗'}[aim.protected] || '?'), tx(name)),
        h('p', {class: 'state'}, tx({yes: 'yes', no: 'no'}[aim.protected] || 'undecided')), h('p', {}, said(aim.text)))))),
    (story.findings || []).length > 0 && h('section', {}, h('h3', {}, tx('Findings')), findings(story.findings)),
    [...(story.verdicts || []), ...(story.checks || [])].length > 0 && h('section', {}, h('h3', {}, tx('Computed again')), h('ul', {class: 'chips'}, [...(story.verdicts || []), ...(story.checks || [])].map(v => h('li', {class: (OUTCOMES[v.outcome] || [])[1] || 'warn'},
      `${(OUTCOMES[v.outcome] || ['–'])[0]} ${said(v.title || v.name)}: ${tx(v.outcome)}`)))),
    story.choice && Object.keys(story.choice).length > 0 && h('section', {}, h('h3', {}, tx('What was agreed on')), anything('choice', story.choice)),
    waterfall(story),
    h('section', {}, h('h3', {}, tx('Further facts')), h('dl', {}, ['role', 'established', 'server_name', 'round_trips', 'handshake_us',
      'total_us', 'proofs', 'ending', 'messages_left_out', 'incomplete', 'connection', 'story', 'tool', 'started'].filter(k => story[k] !== undefined)
      .map(k => [h('dt', {}, words(k)), h('dd', {}, anything(k, story[k]))])))];
}

/* Times as bars. */
function waterfall(story) {
  const rows = story.phases.map(p => ({...p}));
  const first = story.messages[0];
  if (first && story.handshake_us !== undefined)
    rows.push({name: 'tls', ok: true, text: tx`handshake, ${count(story.round_trips, 'round trip')}`, at_us: first.at_us, took_us: story.handshake_us});
  rows.sort((a, b) => a.at_us - b.at_us);
  const whole = Math.max(story.total_us || 0, ...rows.map(r => r.at_us + r.took_us), 1);
  return h('section', {}, h('h3', {}, tx('Where the time went')), h('ol', {class: 'fall'}, rows.map(r => {
    const bar = h('span', {class: 'bar' + (r.ok ? '' : ' bad')});
    bar.style.marginLeft = 100 * r.at_us / whole + '%';
    bar.style.width = Math.max(.4, 100 * r.took_us / whole) + '%';
    return h('li', {}, h('span', {class: 'what'}, r.name, !r.ok && ' ✗'), h('span', {class: 'track', 'aria-hidden': 'true'}, bar),
      h('span', {class: 'took'}, tx`at ${since(r.at_us)}, ${since(r.took_us)}`),
      h('span', {class: 'text'}, state.observer && /^re(quest|sponse)$/.test(r.name) ? tx('encrypted') : said(r.text)));
  })));
}

function showCertificates() {
  const story = current(), v = story.verification, list = story.certificates || [];
  const cards = list.map((c, i) => h('li', {class: 'card'},
    h('h3', {}, i === 0 ? tx('The server’s own') : tx`Certificate ${i + 1}`),
    h('dl', {}, Object.entries(c).filter(([k]) => k !== 'der').map(([k, value]) => [h('dt', {}, k === 'sha256' ? 'SHA-256' : words(k)),
      h('dd', {}, k === 'sha256' ? h('code', {}, pairs(value)) : value)])),
    h('details', {}, h('summary', {}, `DER, ${count(c.der.length / 2, 'byte')}`), h('code', {class: 'block'}, pairs(c.der))),
    h('p', {class: 'row'}, button(tx('Save as PEM'), () => save(`certificate-${i + 1}.pem`, pem(c.der), 'application/x-pem-file')),
      linkToCertificate(i))));
  const sign = {passed: '✓', failed: '✗', 'not checked': '–'};
  const steps = v && h('section', {}, h('h3', {}, tx('Verification, step by step')),
    h('p', {class: v.accepted ? 'good' : 'bad'}, v.accepted ? tx('✓ accepted') : tx('✗ not accepted'), v.name !== undefined && [tx(' for '), v.name],
      tx`, judged at ${v.judged_at}`),
    v.reason && h('p', {class: 'bad'}, said(v.text || v.reason)),
    h('div', {class: 'wide', tabindex: '0', role: 'group', 'aria-label': tx('Verification steps')}, h('table', {},
      h('thead', {}, h('tr', {}, ['', 'check', 'certificate', 'outcome', 'detail'].map(t => h('th', {scope: 'col'}, t ? tx(t) : h('span', {class: 'unseen'}, tx('step')))))),
      h('tbody', {}, v.checks.map((c, i) => h('tr', {class: c.outcome.replace(' ', '-')}, h('td', {}, i + 1), h('td', {}, said(c.check)),
        h('td', {}, v.path[c.certificate] ? v.path[c.certificate].title : c.certificate),
        h('td', {class: 'outcome'}, `${sign[c.outcome] || '?'} ${tx(c.outcome)}`), h('td', {}, [c.reason, said(c.detail)].filter(Boolean).join(': '))))))));
  const chain = v && v.path.length > 0 && h('section', {}, h('h3', {}, tx('The path that was found')),
    h('ol', {class: 'chain'}, v.path.map((c, i) => h('li', {}, h('span', {class: 'role'}, i === 0 ? tx('leaf') : i === v.path.length - 1 ? tx('trust anchor') : tx('intermediate')),
      h('strong', {}, c.title), h('details', {}, h('summary', {}, 'DER'), h('code', {class: 'block'}, pairs(c.der)))))));
  const others = v && (v.attempts || []).length > 0 && h('section', {}, h('h3', {}, tx('Other paths that were tried or could have been')),
    h('ul', {}, v.attempts.map(a => h('li', {}, h('strong', {}, a.path.map(c => c.title).join(' < ')), ': ', a.why,
      h('ul', {}, a.checks.filter(c => c.outcome === 'failed').map(c => h('li', {class: 'bad'}, `✗ ${c.check}: ${[c.reason, c.detail].filter(Boolean).join(': ')}`)))))));
  return [title(tx('Certificates')), chain, steps, others,
    cards.length > 0 && [h('h3', {}, tx('As they were sent')), h('ol', {class: 'cards'}, cards)],
    list.length > 0 && h('p', {class: 'row'}, button(tx('Save all as PEM'), () => save('certificates.pem', list.map(c => pem(c.der)).join(''), 'application/x-pem-file')))];
}

function linkToCertificate(i) {
  const at = current().messages.findIndex(m => m.name === 'Certificate');
  if (at < 0) return null;
  const node = modelOf(current().messages[at]).nodes.filter(n => n.name === 'certificate' && n.kids.length)[i];
  return node && link(address(`m${at + 1}/${node.path}`), {}, tx('See its bytes'));
}

