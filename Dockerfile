# gpt serve in a container. This file was written on a machine without Docker: no image has been
# built from it yet. src/site/markdown/server.md shows how to run it.
#
#   docker build -t gpt .                                                the CPU
#   docker build -t gpt-sdk --target sdk .                               with TornadoVM's SDK, OpenCL
#   docker build -t gpt-sdk --target sdk --build-arg BACKEND=ptx .       the same for NVIDIA's PTX

# One JDK for all stages: the AOT cache is of the Java that made it, and TornadoVM needs a JDK.
ARG JDK=eclipse-temurin:25-jdk-noble

FROM ${JDK} AS build
WORKDIR /opt/gpt
COPY . .
RUN --mount=type=cache,target=/root/.m2 \
    ./mvnw -q --batch-mode -DskipTests package

FROM ${JDK} AS base
RUN useradd --create-home --uid 10001 gpt
WORKDIR /opt/gpt
COPY LICENSE THIRD-PARTY.md ./
COPY weights weights
# In the folder in which they were built: the AOT cache has the jar's path.
COPY --from=build /opt/gpt/target/gpt.jar /opt/gpt/target/gpt.aot target/
# Off loopback gpt serve wants GPT_API_KEY, which is given when the container is run.
ENV GPT_HOST=0.0.0.0 GPT_PORT=8080
EXPOSE 8080
# The image has bash, which can speak HTTP, and need not have curl.
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/$GPT_PORT && printf 'GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]
# gpt serve ends the completions that run before it exits.
STOPSIGNAL SIGTERM

FROM base AS sdk
ARG BACKEND=opencl
# The loader of OpenCL; the driver is the host's, through the container runtime.
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl ocl-icd-libopencl1 \
    && rm -rf /var/lib/apt/lists/*
COPY setup-tornado.sh ./
COPY scripts scripts
# No device is there while an image is built, so none is tested: run gpt devices --test later.
RUN ./setup-tornado.sh --prefix /opt/tornadovm --backend "$BACKEND" --no-test
ENV TORNADOVM_HOME=/opt/tornadovm/current NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER gpt
ENTRYPOINT ["/opt/gpt/scripts/tornado", "-jar", "/opt/gpt/target/gpt.jar"]
CMD ["serve"]

# The last stage is the one that is built where none is named.
FROM base AS cpu
USER gpt
# The options of scripts/gpt. Java ignores an AOT cache that does not fit.
ENTRYPOINT ["java", "-XX:+UseSerialGC", "-XX:AOTCache=/opt/gpt/target/gpt.aot", "-Xlog:aot*=off", \
    "--add-exports", "java.base/jdk.internal.module=ALL-UNNAMED", \
    "--enable-native-access=ALL-UNNAMED", "-cp", "/opt/gpt/target/gpt.jar", "gpt.cli.Launcher"]
CMD ["serve"]
