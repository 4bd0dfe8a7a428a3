# shellcheck shell=sh
# For a machine with a GPU and no network, Maven or Java. bench-gpu sources it in the project's folder
# and defines say. A bundle is unpacked in a clone: into target/ the program and the benchmarks, into
# target/bundle/ a Java and TornadoVM's SDK, each without the parts that gpt does not use.

# Packs a bundle into $1, a .tar.xz.
pack_bundle() {
  sdk=${TORNADOVM_HOME:-${HOME-}/.tornadovm/current}
  [ -d "$sdk/share/java/tornado" ] || {
    say 'a bundle needs an SDK of TornadoVM; ./setup-tornado.sh installs one'
    return 1
  }
  for_tornado=yes java_user=bench-gpu
  # shellcheck source=scripts/jdk.sh
  . scripts/jdk.sh
  find_java || return 1
  # Builds the jar and the benchmarks' classes where they are missing or old.
  scripts/gpt --version >/dev/null && scripts/bench --list --device cpu >/dev/null || return 1
  stage=$(mktemp -d) || return 1
  trap 'rm -rf "$stage"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  mkdir -p "$stage/target/bundle/sdk/share/java/graalJars" "$stage/target/bench/lib" &&
    cp -p target/gpt.jar "$stage/target" &&
    cp -Rp target/test-classes "$stage/target" &&
    cp -RpL "$sdk/bin" "$sdk/etc" "$sdk/lib" "$sdk/tornado-argfile.template" \
      "$stage/target/bundle/sdk" &&
    cp -RpL "$sdk/share/java/tornado" "$stage/target/bundle/sdk/share/java" || return 1
  # What the compiler needs of Graal; without Truffle.
  for jar in "$sdk"/share/java/graalJars/*.jar; do
    case ${jar##*/} in
      compiler-[0-9]* | collections-* | word-* | truffle-compiler-*)
        cp -pL "$jar" "$stage/target/bundle/sdk/share/java/graalJars" || return 1
        ;;
    esac
  done
  # The jar has all libraries but those of the tests' classes.
  classpath=target/test-classes:target/gpt.jar
  for jar in $(tr : '\n' <target/bench/classpath); do
    case ${jar##*/} in
      jmh-core-* | jopt-simple-* | commons-math3-* | junit-* | opentest4j-*)
        cp -pL "$jar" "$stage/target/bench/lib" || return 1
        classpath=$classpath:target/bench/lib/${jar##*/}
        ;;
    esac
  done
  printf %s "$classpath" >"$stage/target/bench/classpath"
  "$java_home/bin/jlink" --strip-debug --no-header-files --no-man-pages --add-modules \
    java.logging,java.management,java.sql,jdk.incubator.vector,jdk.internal.vm.ci,jdk.management,jdk.unsupported \
    --output "$stage/target/bundle/jdk" >"$stage/log" 2>&1 || {
    tail -n 3 "$stage/log" >&2
    return 1
  }
  say 'packing, which takes a minute'
  XZ_OPT=-T0 tar -cJf "$1.part" -C "$stage" target && mv "$1.part" "$1" || return 1
  say "wrote $1, $(($(wc -c <"$1") / 1000000)) MB: in a clone, tar xf $1 && scripts/bench-gpu"
}

# Uses the bundle that was unpacked here, if there is one.
use_bundle() {
  bundle=$PWD/target/bundle
  [ -d "$bundle/sdk" ] || return 0
  export JAVA_HOME="$bundle/jdk" TORNADOVM_HOME="$bundle/sdk"
  # The clone's sources may be newer than what the bundle brings, but nothing can be built here.
  touch target/gpt.jar target/bench/classpath
  mkdir -p "$bundle/lib"
  libraries=$bundle/lib
  link_library libcuda.so
  link_library libnvrtc.so
  export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  for backend in cuda ptx opencl; do
    library=$bundle/sdk/lib/libtornado-$backend.so
    [ -f "$library" ] || continue
    missing=$(ldd "$library" 2>&1 | sed -n 's/^[[:space:]]*\(.*\) => not found.*/\1/p' | tr '\n' ' ')
    # Its loader without a driver ends TornadoVM's start, too.
    [ $backend != opencl ] || [ -n "$missing" ] ||
      [ -n "$(find "${OCL_ICD_VENDORS:-/etc/OpenCL/vendors}" -name '*.icd' 2>/dev/null)" ] ||
      missing='OpenCL driver'
    [ -z "$missing" ] || drop_backend "$backend" "$missing"
  done
}

# Links $1, the name by which TornadoVM finds a library, to the one of this machine, which may have
# only a name with a version, or may be in a folder that the system does not search.
link_library() {
  toolkit=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
  packages=$("${python:-python3}" -c 'import nvidia; print(list(nvidia.__path__)[0])' 2>/dev/null)
  for found in $(ldconfig -p 2>/dev/null | sed -n "s/.*$1.* => //p") \
    "${toolkit%/bin/nvcc}"/lib64/"$1"* /usr/local/cuda*/lib64/"$1"* /usr/local/nvidia/lib*/"$1"* \
    /usr/lib/*/"$1"* ${packages:+"$packages"/*/lib/"$1"*}; do
    if [ -f "$found" ]; then
      ln -sf "$found" "$bundle/lib/$1"
      libraries=$libraries:${found%/*}
      [ -d "${CUDA_PATH-}" ] || [ ! -f "${found%/*/*}/include/cuda_fp16.h" ] ||
        export CUDA_PATH="${found%/*/*}"
      return
    fi
  done
}

# Takes the backend $1, which lacks the libraries $2, out of the bundle's SDK: TornadoVM starts only
# if each of its backends does.
drop_backend() {
  say "left out TornadoVM's backend $1: this machine has no $2"
  rm -f "$bundle/sdk/share/java/tornado/tornado-drivers-$1"-*.jar
  edit="s/,tornado\.drivers\.$1//; s/=tornado\.drivers\.$1,/=/; /tornado\.drivers\.$1[=,]*/d"
  case $1 in
    cuda)
      rm -f "$bundle"/sdk/share/java/tornado/tornado-cu*.jar
      edit="s/,tornado\.cu[a-z]*//g; $edit"
      ;;
  esac
  template=$bundle/sdk/tornado-argfile.template
  sed "$edit" "$template" >"$template.part" && mv "$template.part" "$template"
  sed "s/$1-backend,//; s/,$1-backend//" "$bundle/sdk/etc/tornado.backend" >"$template.part" &&
    mv "$template.part" "$bundle/sdk/etc/tornado.backend"
}
