# shellcheck shell=sh disable=SC2034,SC2154
# Downloads, checks and unpacks a TornadoVM SDK. setup-tornado.sh sources it, defines note and fail,
# and sets work (a folder to write to), prefix, platform, java_home, and mirror and sum if they are
# given. Nothing here changes an installed SDK.

releases=https://github.com/beehive-lab/TornadoVM/releases
api=https://api.github.com/repos/beehive-lab/TornadoVM/releases/tags
attempts=5

# Runs a command so that a signal to this script ends both.
await() {
  "$@" &
  child=$!
  wait "$child"
  status=$?
  child=
  return $status
}

# ----------------------------------------------------------------------------------- what an SDK is

# Sets value to the value of the key $2 in the file $1; empty if the key is missing.
read_value() {
  value=
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
      "$2="*) value=${line#*=} ;;
    esac
  done <"$1"
}

# True if $1 is a complete SDK: sets sdk_version and sdk_backends (ptx, opencl-ptx, full). Else sets
# lacks to what is missing.
read_sdk() {
  for piece in bin/tornado etc/tornado.release etc/tornado.backend tornado-argfile.template \
    lib; do
    lacks=$piece
    [ -r "$1/$piece" ] || return 1
  done
  lacks=share/java/tornado/tornado-api
  for piece in "$1"/share/java/tornado/tornado-api-*.jar; do
    [ -f "$piece" ] || return 1
  done

  lacks="version in etc/tornado.release"
  read_value "$1/etc/tornado.release" version
  sdk_version=$value
  case $sdk_version in
    '' | *[!A-Za-z0-9.-]* | .* | -*) return 1 ;;
  esac
  lacks=share/java/graalJars
  [ -r "$1/$lacks" ] || is_tornado_without_jvmci "$sdk_version" || return 1

  lacks="backend in etc/tornado.backend"
  read_value "$1/etc/tornado.backend" tornado.backends
  sdk_backends=
  for piece in cuda metal opencl ptx spirv; do
    case $value, in
      *"$piece-backend",*) sdk_backends=${sdk_backends:+$sdk_backends-}$piece ;;
    esac
  done
  [ -n "$sdk_backends" ] || return 1
  [ "$sdk_backends" != cuda-opencl-ptx-spirv ] || sdk_backends=full
  lacks=
}

# True if the SDK that was read last has the backend $1.
has_backend() {
  case $1/$sdk_backends in
    */full) return 0 ;;
    full/*) return 1 ;;
  esac
  case -$sdk_backends- in
    *-"$1"-*) return 0 ;;
  esac
  return 1
}

# Fails if the libraries of the SDK in $1, called $2 in messages, are for another platform.
check_platform() {
  built_for=
  for library in "$1"/lib/libtornado-* "$1"/lib/tornado-*.dll; do
    [ -f "$library" ] || continue
    case $library in
      *.dylib) built_for=mac-aarch64 ;;
      *.dll) built_for=windows-amd64 ;;
      *)
        # The processor in the header of an ELF file.
        case $(od -An -tx1 -j18 -N1 "$library" | tr -d ' ') in
          3e) built_for=linux-amd64 ;;
          b7) built_for=linux-aarch64 ;;
        esac
        ;;
    esac
    break
  done
  [ -n "$built_for" ] || fail "$2 has no TornadoVM library, so its platform is unknown"
  [ "$built_for" = "$platform" ] || fail "$2 is for $built_for, and this is $platform"
}

# -------------------------------------------------------------------------------------- downloading

# Downloads $1 to $2, or the rest of it if $2 exists. Sets http to the server's status, if known, and
# why to the reason of a failure. Fails with 1 if another attempt may succeed, else with 2.
fetch() {
  begun=
  [ ! -s "$2" ] || begun=yes
  : >"$work/log"
  if command -v curl >/dev/null; then
    if [ -t 2 ] && [ "${2%.part}" != "$2" ]; then
      use_curl "$1" "$2" -#
    else
      use_curl "$1" "$2" -sS 2>"$work/log"
    fi
    got=$?
    IFS= read -r http <"$work/http"
    [ "$http" != 000 ] || http=
  elif command -v wget >/dev/null; then
    tries=
    case $(wget --help 2>&1) in
      *--tries*) tries=--tries=1 ;;
    esac
    # shellcheck disable=SC2086
    await env LC_ALL=C wget -c -T 60 $tries -O "$2" "$1" 2>"$work/log"
    got=$?
    http=$(sed -n -e 's/.*response\.\.\. \([0-9][0-9][0-9]\).*/\1/p' \
      -e 's/.*HTTP\/1\.[01] \([0-9][0-9][0-9]\).*/\1/p' "$work/log" | tail -n 1)
  else
    fail "needs curl or wget for downloads; install one, or pass a downloaded archive with --archive"
  fi
  [ "$got" -ne 0 ] || return 0
  case $http in
    [45]??) why="HTTP $http" ;;
    *)
      why=$(sed -n -e 's/^curl: ([0-9]*) //p' -e 's/.*: \(unable to .*\)/\1/p' \
        -e 's/.*\(Connection refused\).*/\1/p' "$work/log" | tail -n 1)
      ;;
  esac
  case $http in
    # The server does not support resuming.
    200) [ -z "$begun" ] || rm -f "$2" ;;
    # The file was complete already.
    416) return 0 ;;
    408 | 429) ;;
    4??) return 2 ;;
  esac
  return 1
}

use_curl() {
  await curl -fL "$3" --connect-timeout 20 --speed-limit 1 --speed-time 60 -C - -o "$2" \
    -w '%{http_code}' "$1" >"$work/http"
}

# fetch, repeated when the connection breaks.
fetch_patiently() {
  attempt=1
  until fetch "$1" "$2"; do
    [ $? -ne 2 ] || return 2
    [ $attempt -lt $attempts ] || return 1
    attempt=$((attempt + 1))
    note "the connection broke${why:+ ($why)}: attempt $attempt of $attempts"
    sleep $((attempt - 1))
  done
}

# Sets digest: the SHA-256 of $1.
sha256() {
  if command -v sha256sum >/dev/null; then
    digest=$(sha256sum <"$1")
  elif command -v shasum >/dev/null; then
    digest=$(shasum -a 256 <"$1")
  else
    fail "needs sha256sum or shasum to check the archive; install one"
  fi
  digest=${digest%% *}
}

# Sets asset_sum from GitHub's description of a release, in which each file's name precedes its
# digest.
read_asset_sum() {
  asset=
  asset_sum=
  while IFS= read -r member; do
    case $member in
      *'"name":'*) asset=$member ;;
      *'"digest":'*'"sha256:'*)
        case $asset in
          *"\"$1\""*)
            asset_sum=${member##*sha256:}
            asset_sum=${asset_sum%%\"*}
            ;;
        esac
        ;;
    esac
  done <"$work/members"
}

# Sets archives to the archive's possible names, and sum to its published SHA-256. GitHub's API
# returns the sum of every file of a release; a mirror has it in a file.
look_up() {
  found=
  if [ -z "$mirror" ]; then
    if ! fetch_patiently "$api/v$1" "$work/release"; then
      [ "$http" != 404 ] || fail "TornadoVM has no release v$1: see $releases"
      fail "cannot get the SDK's SHA-256 from $api${why:+ ($why)}; copy it from $releases/tag/v$1 and pass it with --sha256, or pass a downloaded file with --archive"
    fi
    # shellcheck disable=SC2020
    tr ',{}' '\n\n\n' <"$work/release" >"$work/members"
  fi
  for name in $archives; do
    if [ -z "$mirror" ]; then
      read_asset_sum "$name"
    elif fetch_patiently "$base/$name.sha256" "$work/$name.sha256"; then
      IFS=' ' read -r asset_sum _ <"$work/$name.sha256" || [ -n "$asset_sum" ] || asset_sum=
    elif [ $? -eq 2 ]; then
      continue
    else
      fail "cannot reach $base${why:+ ($why)}"
    fi
    asset_sum=$(printf %s "$asset_sum" | tr A-F a-f)
    case $asset_sum in
      *[!0-9a-f]*) ;;
      *)
        [ ${#asset_sum} -ne 64 ] || {
          sum=$asset_sum
          archives=$name
          return
        }
        ;;
    esac
  done
  [ -n "$mirror" ] || grep -F "tornadovm-$1-$2-$platform." "$work/members" >/dev/null ||
    fail "TornadoVM $1 is not published for $platform with $2: build it from its sources ($releases/tag/v$1) and pass its folder with --archive"
  fail "no SHA-256 is published for $base/$name; if you know it, pass it with --sha256"
}

# Downloads the SDK of version $1 with backend $2 to $work/archive, checks it, and sets address.
download() {
  base=${mirror:-$releases/download}/v$1
  archives="tornadovm-$1-$2-$platform.tar.gz tornadovm-$1-$2-$platform.zip"
  [ -n "$sum" ] || look_up "$1" "$2"
  mkdir -p "$prefix/downloads" 2>/dev/null || fail "cannot write to $prefix/downloads"
  for name in $archives; do
    address=$base/$name
    partial=$prefix/downloads/$name.part
    begun_before=
    [ ! -s "$partial" ] || begun_before=yes
    note "downloading $address${begun_before:+ (resuming the last run's download)}"
    fetch_patiently "$address" "$partial"
    case $?/$http in
      0/*) ;;
      */404)
        rm -f "$partial"
        continue
        ;;
      */4?? | */5??) fail "$address: the server refuses it (HTTP $http)" ;;
      *)
        partial=
        fail "cannot get $address: the connection broke $attempts times${why:+ ($why)}; run this again to resume, or pass a downloaded file with --archive"
        ;;
    esac
    sha256 "$partial"
    if [ "$digest" != "$sum" ] && [ -n "$begun_before" ]; then
      note "the last run's partial download is of another file; downloading all of it"
      rm -f "$partial"
      fetch_patiently "$address" "$partial" || fail "cannot get $address"
      sha256 "$partial"
    fi
    [ "$digest" = "$sum" ] ||
      fail "$address has the SHA-256 $digest and not $sum: it was not installed"
    mv "$partial" "$work/archive" || fail "cannot write to $work"
    return
  done
  fail "$address: there is no such file (HTTP $http)"
}

# ---------------------------------------------------------------------------------------- unpacking

# Unpacks the archive $1, called $2 in messages, into the new folder $work/new.
unpack() {
  mkdir "$work/new" || fail "cannot write to $work"
  with=
  case $(od -An -tx1 -N2 "$1" | tr -d ' ') in
    1f8b) ! await tar -tzf "$1" >"$work/names" 2>/dev/null || with=tar ;;
    504b)
      if command -v unzip >/dev/null && unzip -Z1 "$1" >"$work/names" 2>/dev/null; then
        with=unzip
      elif "$java_home/bin/jar" tf "$1" >"$work/names" 2>/dev/null; then
        with=jar
      fi
      ;;
    *) fail "$2 is neither a .tar.gz nor a .zip" ;;
  esac
  broken="$2 is broken: it was not installed"
  [ -n "$with" ] || fail "$broken"
  outside=$(grep -E '(^|[/\\])\.\.([/\\]|$)|^[/\\]' "$work/names" | head -n 1)
  [ -z "$outside" ] || fail "$2 has a path outside the archive ($outside): it was not installed"
  case $with in
    tar) await tar -xozf "$1" -C "$work/new" 2>/dev/null ;;
    unzip) await unzip -q "$1" -d "$work/new" >/dev/null 2>&1 </dev/null ;;
    # From standard input: jar does not verify the checksums of a named file.
    jar) (cd "$work/new" && exec "$java_home/bin/jar" x <"$1") 2>/dev/null ;;
  esac || fail "$broken"
  # Links must point to paths inside the archive.
  find "$work/new" -type l -print | while IFS= read -r link; do
    case $(readlink "$link") in
      /* | .. | ../* | */.. | */../*) printf '%s\n' "${link#"$work/new/"}" ;;
    esac
  done >"$work/links"
  ! IFS= read -r link <"$work/links" ||
    fail "$2 has a link to a path outside the archive ($link): it was not installed"
  chmod -R u+rwX "$work/new"
}

# Sets found to the SDK's folder: $1, or a folder one or two levels below.
find_sdk_in() {
  found=$1
  ! read_sdk "$1" || return 0
  for inside in "$1"/*/etc/tornado.release "$1"/*/*/etc/tornado.release; do
    if [ -f "$inside" ]; then
      found=${inside%/etc/tornado.release}
      read_sdk "$found"
      return
    fi
  done
  return 1
}

# Unpacks or copies the archive or folder $1, called $2 in messages, into $work, checks that it is a
# complete SDK for this machine, and sets staged to its folder.
stage() {
  if [ -d "$1" ]; then
    find_sdk_in "$1" || fail "$2 contains no TornadoVM SDK: it has no $lacks"
    check_platform "$found" "$2"
    mkdir "$work/new" || fail "cannot write to $work"
    await cp -Rp "$found/." "$work/new" || fail "cannot copy $2 to $prefix"
    staged=$work/new
  else
    unpack "$1" "$2"
    find_sdk_in "$work/new" || fail "$2 contains no TornadoVM SDK: it has no $lacks"
    check_platform "$found" "$2"
    staged=$found
  fi
  # A .zip may have lost the permission to execute.
  chmod a+x "$staged"/bin/* || fail "cannot write to $work"
  # It contains absolute paths of the folder in which it was made.
  rm -f "$staged/tornado-argfile"
}
