import { join } from 'node:path'
import type { Setting } from './sides.ts'

/** The peers' own files, each as its manual advises for a proxy with one worker that logs nothing. */

/** Of clients, for HAProxy, which asks for two descriptors for each at its start. */
const CLIENTS = 8192
/** Of clients and to the backend, as nginx counts them. */
const CONNECTIONS = 2 * CLIENTS
const IDLE = 256

export function nginxFile(setting: Setting): string {
  const { folder, port, tlsPort, hosts, backendPort, echoHost, echoPort } = setting
  const lines = [
    ...nginxMain(folder),
    `  upstream app { server 127.0.0.1:${backendPort}; keepalive ${IDLE}; }`,
    `  upstream echo { server 127.0.0.1:${echoPort}; }`,
    '  server_names_hash_max_size 65536;',
    '  server_names_hash_bucket_size 128;',
    '  proxy_http_version 1.1;',
    '  proxy_set_header Host $host;',
    '  proxy_set_header X-Forwarded-For $remote_addr;',
    '  server {',
    `    listen 127.0.0.1:${port} backlog=4096;`,
    `    listen 127.0.0.1:${tlsPort} ssl http2 backlog=4096;`,
    `    ssl_certificate ${join(folder, 'chain.pem')};`,
    `    ssl_certificate_key ${join(folder, 'key.pem')};`,
    `    server_name ${hosts.join(' ')};`,
    '    location / { proxy_set_header Connection ""; proxy_pass http://app; }',
    '  }',
    '  server {',
    `    listen 127.0.0.1:${port};`,
    `    server_name ${echoHost};`,
    '    location / {',
    '      proxy_set_header Connection upgrade;',
    '      proxy_set_header Upgrade $http_upgrade;',
    '      proxy_pass http://echo;',
    '    }',
    '  }',
    '}',
  ]
  return `${lines.join('\n')}\n`
}

/** The backend of all sides: 45 bytes, 16 KiB, and whatever is sent to it is taken. */
export function backendFile(folder: string, port: number): string {
  const lines = [
    ...nginxMain(folder),
    '  sendfile on;',
    '  tcp_nodelay on;',
    '  default_type text/plain;',
    '  server {',
    `    listen 127.0.0.1:${port} backlog=4096;`,
    `    root ${folder};`,
    `    location = /small { return 200 "${'x'.repeat(45)}"; }`,
    '    location = /post { client_body_buffer_size 64k; return 200 "taken"; }',
    '  }',
    '}',
  ]
  return `${lines.join('\n')}\n`
}

function nginxMain(folder: string): string[] {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${join(folder, name)};`,
  )
  return [
    'daemon off;',
    'master_process off;',
    `pid ${join(folder, 'pid')};`,
    `events { worker_connections ${CONNECTIONS}; }`,
    'http {',
    '  access_log off;',
    '  keepalive_requests 1000000000;',
    '  keepalive_timeout 600s;',
    ...temporary,
  ]
}

export function haproxyFiles(setting: Setting) {
  const { folder, port, tlsPort, hosts, backendPort, echoHost, echoPort } = setting
  const path = join(folder, 'hosts.map')
  const config = [
    'global',
    '  nbthread 1',
    `  maxconn ${CLIENTS}`,
    'defaults',
    '  mode http',
    '  timeout connect 5s',
    '  timeout client 600s',
    '  timeout server 600s',
    '  timeout tunnel 600s',
    '  option forwardfor',
    'frontend in',
    `  bind 127.0.0.1:${port} backlog 4096`,
    `  bind 127.0.0.1:${tlsPort} backlog 4096 ssl crt ${join(folder, 'both.pem')} alpn h2,http/1.1`,
    `  use_backend %[req.hdr(host),lower,map(${path},none)]`,
    'backend app',
    `  server one 127.0.0.1:${backendPort}`,
    'backend echo',
    `  server one 127.0.0.1:${echoPort}`,
    'backend none',
    '  http-request deny deny_status 404',
  ]
  const map = [...hosts.map((host) => `${host} app`), `${echoHost} echo`]
  return { config: `${config.join('\n')}\n`, map: { path, text: `${map.join('\n')}\n` } }
}

const named = (scheme: string, names: readonly string[], port: number): string =>
  names.map((name) => `${scheme}://${name}:${port}`).join(', ')

export function caddyFile(setting: Setting): string {
  const { folder, port, tlsPort, hosts, backendPort, echoHost, echoPort } = setting
  const [chain, key] = [join(folder, 'chain.pem'), join(folder, 'key.pem')]
  const lines = [
    '{',
    '  admin off',
    '  auto_https off',
    '}',
    `${named('http', hosts, port)} {`,
    '  bind 127.0.0.1',
    `  reverse_proxy 127.0.0.1:${backendPort}`,
    '}',
    `${named('https', hosts, tlsPort)} {`,
    '  bind 127.0.0.1',
    `  tls ${chain} ${key}`,
    `  reverse_proxy 127.0.0.1:${backendPort}`,
    '}',
    `${named('http', [echoHost], port)} {`,
    '  bind 127.0.0.1',
    `  reverse_proxy 127.0.0.1:${echoPort}`,
    '}',
  ]
  return `${lines.join('\n')}\n`
}
