# shellcheck shell=sh disable=SC2034
# Finds a JDK 25 or later; sourced by other scripts. find_java sets java_home, and java_vector to yes
# where that Java has the Vector API. The release files are read: that takes no time, and starting
# each java would.

# Sets version (25 for 25.0.3, 8 for 1.8.0) and vector from the release file of the Java in $1.
# Fails where there is no Java.
read_release() {
  version=
  vector=no
  [ -x "$1/bin/java" ] && [ -r "$1/release" ] || return 1
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
      JAVA_VERSION=*)
        version=${line#*=}
        version=${version#\"}
        version=${version#1.}
        version=${version%%[!0-9]*}
        ;;
      MODULES=*jdk.incubator.vector*) vector=yes ;;
    esac
  done <"$1/release"
  [ -n "$version" ]
}

# Takes the Java in $1 if it is 25 or later.
take_java() {
  read_release "$1" && [ "$version" -ge 25 ] || return 1
  java_home=$1
  java_vector=$vector
}

# Takes, of the Javas in all arguments, 25 itself, which this is tested on, else the lowest above.
take_best_java() {
  best=
  for home; do
    if read_release "$home" && [ "$version" -ge 25 ] && [ "$version" -lt "${best:-1000}" ]; then
      best=$version
      take_java "$home"
      [ "$best" -gt 25 ] || return 0
    fi
  done
  [ -n "$best" ]
}

# JAVA_HOME's, else the one on PATH, else the best in the usual folders.
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
  printf '%s%s\n' 'gpt: needs a JDK 25 or later and found none in JAVA_HOME, on PATH or in the' \
    ' usual folders; get one from https://adoptium.net and set JAVA_HOME to its folder' >&2
  return 1
}
