// A proxy as it stands in front of a service: it takes a prefix off, keeps or rewrites Host, and may lose answers.
import http from 'node:http';

export class Proxy {
  // prefix: what it takes off and names; keepHost: whether the service sees the name that the browser used.
  constructor({prefix = '', keepHost = true} = {}) {
    Object.assign(this, {prefix, keepHost, seen: [], loses: () => false});
    this.server = http.createServer((request, reply) => this.pass(request, reply));
  }

  async listen() {
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
    this.origin = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  to(site) {
    this.target = new URL(site.base);
    return this.origin + this.prefix;
  }

  pass(request, reply) {
    const path = request.url.startsWith(`${this.prefix}/`) ? request.url.slice(this.prefix.length) : null;
    if (path === null) return void reply.writeHead(404).end('not here');
    const headers = {...request.headers, ...(this.prefix && {'x-forwarded-prefix': this.prefix}), ...(!this.keepHost && {host: this.target.host})};
    this.seen.push({method: request.method, path, key: request.headers['idempotency-key']});
    const {hostname, port} = this.target;
    const onward = http.request({hostname, port, method: request.method, path, headers, agent: false}, (answer) => {
      // The service has done its work by now, and who asked for it will not hear of it.
      if (this.loses(request)) return void answer.resume().on('end', () => request.socket.destroy());
      // On a connection that was used before, a browser sends such a request again by itself.
      reply.writeHead(answer.statusCode, {...answer.headers, connection: 'close'});
      answer.pipe(reply);
    });
    onward.on('error', () => request.socket.destroy());
    request.pipe(onward);
  }

  // Loses the answers of so many requests that are meant, and of no other.
  lose(count, meant) {
    let left = count;
    this.loses = (request) => meant(request) && left-- > 0;
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
