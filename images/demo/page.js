/**
 * The demo's page. Names come from the environment, so they are escaped like anybody's input.
 *
 * @param {{ name: string, tenant: string, container: string }} who
 */
export function page({ name, tenant, container }) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(name)} on Cloudlet</title>
<style>
  :root { color-scheme: light dark; font: 1.05rem/1.5 system-ui, sans-serif }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center;
    background: light-dark(#f3f6fa, #10161f) }
  main { padding: 2.5rem 3rem; border-radius: 1rem; background: light-dark(#fff, #1a2330);
    box-shadow: 0 1rem 3rem #0002; max-width: 34rem }
  h1 { margin: 0 0 .25rem; font-size: 1.8rem }
  dl { display: grid; grid-template-columns: auto 1fr; gap: .35rem 1.25rem; margin: 1.5rem 0 0 }
  dt { opacity: .65 }
  dd { margin: 0; font-family: ui-monospace, monospace; overflow-wrap: anywhere }
  #count { color: light-dark(#0a6cd6, #6cb6ff); font-variant-numeric: tabular-nums }
</style>
</head>
<body>
<main>
<h1>${escaped(name)} is running</h1>
<p>This page comes out of a container on your own cloud.</p>
<dl>
<dt>app</dt><dd>${escaped(name)}</dd>
<dt>tenant</dt><dd>${escaped(tenant)}</dd>
<dt>container</dt><dd>${escaped(container)}</dd>
<dt>live counter</dt><dd id="count">connecting…</dd>
</dl>
</main>
<script>
  const count = document.getElementById('count')
  function connect() {
    const socket = new WebSocket(location.href.replace(/^http/, 'ws').replace(/[?#].*$/, '') + 'ws')
    socket.onmessage = ({ data }) => { count.textContent = data }
    socket.onclose = () => { count.textContent = 'reconnecting…'; setTimeout(connect, 1000) }
  }
  connect()
</script>
</body>
</html>
`
}

/** @type {Record<string, string>} */
const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** @param {string} text */
function escaped(text) {
  return text.replaceAll(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign)
}
