# shellcheck shell=sh
# Runs a program of the tests' classes, in a plain JVM or on TornadoVM. scripts/kernels and
# scripts/exercise source it in the project's folder, with main set to the program's class and
# java_user to their name. It sets sdk to TornadoVM's SDK, empty if there is none.

sdk=${TORNADOVM_HOME:-${HOME-}/.tornadovm/current}
[ -d "$sdk/share/java/tornado" ] || sdk=
# shellcheck disable=SC2034
[ -z "$sdk" ] || for_tornado=yes
# shellcheck source=scripts/jdk.sh
. scripts/jdk.sh
find_java || exit 1
classpath=target/bench/classpath
if [ ! -f $classpath ] || [ -n "$(find pom.xml src/main src/test src/emulator kernels benchmarks -newer $classpath -print)" ]; then
  echo "$java_user: compiling the project first" >&2
  JAVA_HOME=$java_home ./mvnw -q -B process-test-classes || exit 1
fi

run_plain() {
  "$java_home/bin/java" --enable-native-access=ALL-UNNAMED \
    -cp "$(cat $classpath)" "$main" "$@"
}

run_tornado() {
  scripts/tornado --write-argfile target/bench/tornado.options || exit 1
  set -- -cp "$(cat $classpath)" "$main" "$@"
  # The SDK's template lacks the cuda backend.
  for piece in "$sdk"/share/java/tornado/tornado-drivers-cuda-*.jar; do
    [ ! -f "$piece" ] || set -- --enable-native-access=tornado.drivers.cuda "$@"
  done
  exec "$java_home/bin/java" @target/bench/tornado.options -Dtornado.recover.bailout=False \
    -Dtornado.max.events=64 "$@"
}
