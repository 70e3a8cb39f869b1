/* The page's script shows the stories that stand in the page as JSON. Nothing is fetched, nothing is evaluated, no markup is
   made from text. The files of this folder are put together in the order of cmake/embed.cmake, from this one, which opens
   the function around them all, to start.js, which closes it.

   Here: elements and text. There is one way in for text. */
'use strict';
(() => {

const SVG = 'http://www.w3.org/2000/svg';

/* Control characters and marks that turn the direction of writing are shown, not obeyed. */
const visible = text => String(text).replace(
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]/g,
  c => c < '\u0100' ? '\\x' + c.charCodeAt(0).toString(16).padStart(2, '0')
                    : '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? '' : visible(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(visible(child)));
  }
  return element;
}
const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
const $ = selector => document.querySelector(selector);
const link = (to, attributes, ...children) => h('a', {href: '#' + to, ...attributes}, ...children);
/* Sections of standards as links: "RFC 5246 7.4.3". */
const cited = text => String(text).split(/(RFC \d{3,5}(?: [A-F]?\d*(?:\.\d+)+| [A-F\d]\d*(?![\w.]))?)/).map((part, i) => {
  const m = i % 2 ? /^RFC (\d+)(?: (.+))?$/.exec(part) : null;
  if (!m) return part;
  const place = m[2] ? `#${/^[A-F]/.test(m[2]) ? 'appendix' : 'section'}-${m[2]}` : '';
  return h('a', {href: `https://www.rfc-editor.org/rfc/rfc${m[1]}${place}`, rel: 'noreferrer', class: 'standard'}, part);
});
const button = (label, click, attributes) => h('button', {type: 'button', click, ...attributes}, label);

/* Text in the language of the page: tx with a string, or as the tag of a template, whose values are {} in
   the phrase. English is what has no other. */
const phrases = (() => { const list = document.querySelector('#phrases'); return list ? JSON.parse(list.textContent) : {}; })();
const own = text => Object.hasOwn(phrases, text) ? phrases[text] : text;
const tx = (text, ...values) => typeof text === 'string' ? own(text)
  : own(text.join('{}')).split('{}').map((part, i) => part + (i < values.length ? values[i] : '')).join('');

/* Texts of the stories, whole, in the language of the page: what is not among them is a value, or has no other words. */
const saids = new Map();
for (const list of document.querySelectorAll('script.said')) for (const [text, words] of Object.entries(JSON.parse(list.textContent))) saids.set(text, words);
const said = text => saids.get(text) ?? own(text);

const words = key => own(key.replace(/_/g, ' '));
const count = (n, one, many = one + 's') => own('{#} ' + (n === 1 ? one : many)).replace(/\{#?\}/, grouped(n));
const grouped = n => String(n).replace(/\B(?=(\d{3})+$)/g, ',');
const pairs = hex => hex.replace(/..(?=.)/g, '$& ');
const since = us => us < 1e6 ? (us / 1e3).toFixed(us < 1e4 ? 2 : 1) + ' ms' : (us / 1e6).toFixed(2) + ' s';
const isHex = (key, v) => /^([0-9a-f]{2})*$/.test(v) && (/^(bytes|der|sha256)$/.test(key) || v.length >= 16);
const isRegistered = v => v && typeof v === 'object' && Object.keys(v).length === 2 && Number.isInteger(v.number) &&
  typeof v.name === 'string';
const other = side => side === 'client' ? 'server' : 'client';
