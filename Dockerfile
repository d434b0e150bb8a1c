FROM debian:12 AS build
WORKDIR /src
# Alone, so that a change of the sources does not install all again.
COPY script/install script/install
RUN script/install
COPY . .
RUN cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
 && cmake --build build --target trashd \
 && strip build/trashd

FROM debian:12-slim
RUN mkdir -p /etc/postgresql-common/createcluster.d \
 && echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.d/trashd.conf \
 && apt-get -q update \
 && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends \
      libcpp-httplib0.11 libsoci-core4.0 libsoci-postgresql4.0 libpq5 libfmt9 libspdlog1.10 \
      libtomlplusplus3 libprometheus-cpp-core1.0 libyaml-cpp0.7 zlib1g libssl3 libjose0 postgresql-15 tini ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --create-home --home-dir /var/lib/trashd trashd
COPY --from=build /src/build/trashd /usr/local/bin/trashd
COPY LICENSE /usr/share/doc/trashd/LICENSE

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
