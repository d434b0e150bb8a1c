FROM debian:12 AS build
WORKDIR /src
# Alone, so that a change of the sources does not install all again.
COPY script/install script/install
RUN script/install debhelper lintian
COPY . .
RUN script/package

FROM debian:12-slim
COPY --from=build /src/build/package/trashd_*.deb /tmp/
RUN mkdir -p /etc/postgresql-common/createcluster.d \
 && echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.d/trashd.conf \
 && apt-get -q update \
 && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends \
      /tmp/trashd_*.deb postgresql-15 tini ca-certificates \
 && rm -rf /var/lib/apt/lists/* /tmp/trashd_*.deb

USER trashd
# Where ./trashd-data, the private PostgreSQL, goes when no database is named.
WORKDIR /var/lib/trashd
VOLUME /var/lib/trashd
EXPOSE 8080
# Asks where TRASHD_LISTEN says; --listen it does not see.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["bash", "-c", \
  "address=${TRASHD_LISTEN:-127.0.0.1:8080}; host=${address%:*}; host=${host#[}; exec 3<>/dev/tcp/${host%]}/${address##*:} && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
# trashd serves loopback only: to listen on 0.0.0.0:8080 (and publish the port) it needs configured
# credentials. Without them run the container with --network host.
# tini reaps dead processes of PostgreSQL: a server that broke down could not be started again beside
# its own zombie.
ENTRYPOINT ["tini", "--", "trashd", "serve"]
