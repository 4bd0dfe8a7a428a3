# shellcheck shell=sh disable=SC2034
# Finds a JDK 25 or later, or, if for_tornado is set, one that TornadoVM runs on. Other scripts
# source it and set java_user to their name. find_java sets java_home, and java_vector to yes if
# that Java has the Vector API. It reads the JDKs' release files, because starting each java is slow.

# Sets version (25 for 25.0.3, 8 for 1.8.0), full_version and vector from the release file of the
# Java in $1. Fails if there is no Java.
read_release() {
  version=
  vector=no
  [ -x "$1/bin/java" ] && [ -r "$1/release" ] || return 1
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
      JAVA_VERSION=*)
        full_version=${line#*=}
        full_version=${full_version#\"}
        full_version=${full_version%%\"*}
        version=${full_version#1.}
        version=${version%%[!0-9]*}
        ;;
      MODULES=*jdk.incubator.vector*) vector=yes ;;
    esac
  done <"$1/release"
  [ -n "$version" ]
}

# ------------------------------------------------------------ what depends on TornadoVM's version

# The version that gpt is built against and tested with.
tested_tornado=5.2.0-jdk25

# True if $1 is a version after the tested one, which is tried. Its options for Java are those of
# its own tornado-argfile.template.
is_newer_tornado() {
  case $1 in
    5.2.[1-9]*-jdk25* | 5.[3-9].*-jdk25* | 5.[1-9][0-9].*-jdk25*) return 0 ;;
  esac
  is_tornado_without_jvmci "$1"
}

# True if $1 is 6.0 or later, which contains its own compiler: it needs no share/java/graalJars, runs
# on JDK 21 and later instead of one JDK's release, and has no ptx and spirv backends.
is_tornado_without_jvmci() {
  case $1 in
    [6-9].* | [1-9][0-9].*) return 0 ;;
  esac
  return 1
}

# True if the Java that was read last is suitable; for_tornado is the version of TornadoVM, or yes.
suits() {
  if [ -n "${for_tornado-}" ] && ! is_tornado_without_jvmci "$for_tornado"; then
    # TornadoVM's compiler works with one release of Java only: the SDK's own launcher accepts
    # 25.0.2 and later updates of 25.
    case $full_version in
      25.0.[01] | 25.0.[01][!0-9]*) return 1 ;;
      25.*) return 0 ;;
    esac
    return 1
  fi
  [ "$version" -ge 25 ]
}

# Sets java_home and java_vector to the Java in $1 if it is suitable.
take_java() {
  read_release "$1" && suits || return 1
  java_home=$1
  java_vector=$vector
}

# Chooses among the Javas in all arguments: 25, on which gpt is tested, else the lowest release above.
take_best_java() {
  best=
  for home; do
    if read_release "$home" && suits && [ "$version" -lt "${best:-1000}" ]; then
      best=$version
      take_java "$home"
      [ "$best" -gt 25 ] || return 0
    fi
  done
  [ -n "$best" ]
}

# Chooses JAVA_HOME, else the java on PATH, else the best Java in the usual folders.
find_java() {
  [ -n "${JAVA_HOME-}" ] && take_java "${JAVA_HOME%/}" && return
  if java=$(command -v java); then
    while [ -h "$java" ]; do
      link=$(readlink "$java")
      case $link in
        /*) java=$link ;;
        *) java=${java%/*}/$link ;;
      esac
    done
    java=${java%/*}
    take_java "${java%/*}" && return
  fi
  take_best_java /usr/lib/jvm/* /usr/java/* /opt/java/* /opt/*jdk* \
    "${HOME-}"/.sdkman/candidates/java/* "${HOME-}"/.jdks/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home && return
  wanted='a JDK 25 or later'
  [ -z "${for_tornado-}" ] || wanted='a JDK 25.0.2 or a later update of 25 (TornadoVM accepts no other),'
  printf '%s: needs %s and found none in JAVA_HOME, on PATH or in the usual folders; %s\n' \
    "${java_user:-gpt}" "$wanted" \
    'get one from https://adoptium.net and set JAVA_HOME to its folder' >&2
  return 1
}
