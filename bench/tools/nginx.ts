import { join } from 'node:path';

/**
 * One process, nothing written to disk, connections that stay open. Without a master process the data path is the
 * same, and all of nginx's CPU time is that of one pid. `http` goes into a server block, or before one.
 */
export function nginxConfig(folder: string, server: string, http = ''): string {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, 'nginx-temp')};`,
  );
  return `daemon off;
master_process off;
pid ${join(folder, 'nginx.pid')};
events { worker_connections 4096; }
http {
  access_log off;
  ${temp.join('\n  ')}
  tcp_nodelay on;
  sendfile on;
  open_file_cache max=16;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  ${http}
  server {${server}
  }
}
`;
}

export function nginxArguments(folder: string, config: string): string[] {
  return ['-p', folder, '-e', 'stderr', '-c', config];
}
