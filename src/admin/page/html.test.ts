import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html, NOTHING } from './html.ts';

test('values are escaped, in text and in attributes', () => {
  const evil = `"><script>alert('1')</script>&`;
  const escaped = '&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;';
  assert.equal(html`<a title="${evil}">${evil}</a>`.text, `<a title="${escaped}">${escaped}</a>`);
});

test('markup stands as it is, alone and in lists; what is absent is nothing', () => {
  const items = ['<a>', '<b>'].map((name) => html`<i>${name}</i>`);
  assert.equal(html`<p>${items}${NOTHING}${undefined}${3}</p>`.text, '<p><i>&lt;a&gt;</i><i>&lt;b&gt;</i>3</p>');
});

test('a string that looks like markup is no markup, whatever holds it', () => {
  assert.equal(html`${['<i>', ['<b>']]}`.text, '&lt;i&gt;&lt;b&gt;');
});
