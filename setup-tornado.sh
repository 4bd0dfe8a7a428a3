#!/bin/sh
# Finds the TornadoVM SDK that gpt.jar runs on, or installs it into the user's home; see --help.
# Notes go to standard error; standard output gets only the line for a shell's profile.

usage() {
  cat <<END
usage: ./setup-tornado.sh [options]

Finds or installs TornadoVM's SDK $wanted_version, links it as current, installs the wrapper
tornado beside it, lists the devices, tests kernels on each, and prints the line to add to your
shell's profile. It needs no root and changes nothing outside its folder; running it again changes
nothing.

An SDK of this or a newer version in TORNADOVM_HOME or current is used in place. With --archive,
--force, or a --backend that it lacks, another SDK is installed beside it.

  --backend B      opencl, ptx, cuda, metal or full (opencl, ptx, cuda and SPIR-V; needs the
                   drivers of all four). Default: metal on a Mac; if nvidia-smi lists a GPU, cuda,
                   or ptx where there is no NVRTC of the CUDA toolkit; else opencl
  --archive PATH   install this .tar.gz or .zip, or a copy of this folder, without a network
  --prefix DIR     where to install. Default: ~/.tornadovm. Delete it to uninstall
  --force          install, and replace an existing SDK without asking
  --no-test        do not run kernels on the devices
  --url BASE       a mirror with BASE/v<version>/<archive> and <archive>.sha256
  --sha256 SUM     the archive's SHA-256, instead of the published one
  -h, --help
END
}

note() {
  printf 'setup-tornado: %s\n' "$1" >&2
}

fail() {
  note "$1"
  exit 1
}

misused() {
  note "$1; see ./setup-tornado.sh --help"
  exit 2
}

newline='
'

# This script's folder, with symbolic links resolved.
self=$0
while [ -h "$self" ]; do
  link=$(readlink "$self")
  case $link in
    /*) self=$link ;;
    *) self=${self%/*}/$link ;;
  esac
done
case $self in
  */*) ;;
  *) self=./$self ;;
esac
root=$(CDPATH='' cd -P -- "${self%/*}" && pwd -P) || fail "cannot enter ${self%/*}"

# shellcheck disable=SC2034
java_user=setup-tornado
# shellcheck disable=SC2034
for_tornado=yes
# shellcheck source=scripts/jdk.sh
. "$root/scripts/jdk.sh"
wanted_version=$tested_tornado

# ------------------------------------------------------------------------------------------ options

backend=
archive=
prefix=
force=
test=yes
mirror=
sum=
while [ $# -gt 0 ]; do
  option=$1
  value=
  case $option in
    --*=*)
      value=${option#*=}
      option=${option%%=*}
      ;;
    --backend | --archive | --prefix | --url | --sha256)
      [ $# -eq 1 ] || {
        value=$2
        shift
      }
      ;;
  esac
  shift
  case $option in
    --backend | --archive | --prefix | --url | --sha256)
      [ -n "$value" ] || misused "$option needs a value"
      ;;
    *) [ -z "$value" ] || misused "$option takes no value" ;;
  esac
  case $option in
    --backend) backend=$value ;;
    --archive) archive=$value ;;
    --prefix) prefix=$value ;;
    --force) force=yes ;;
    --no-test) test=no ;;
    --url) mirror=${value%/} ;;
    --sha256) sum=$value ;;
    -h | --help)
      usage
      exit
      ;;
    *) misused "unknown option $option" ;;
  esac
done

# The platform, as in the archives' names.
machine=$(uname -s)/$(uname -m)
case $machine in
  Linux/x86_64 | Linux/amd64) platform=linux-amd64 ;;
  Linux/aarch64 | Linux/arm64) platform=linux-aarch64 ;;
  Darwin/arm64) platform=mac-aarch64 ;;
  MINGW* | MSYS* | CYGWIN*) fail "on Windows, run this in WSL" ;;
  *) fail "TornadoVM needs Linux on x86-64 or arm64, or a Mac with an Apple processor; this is $machine" ;;
esac
case $platform in
  mac-*) backends='opencl or metal' ;;
  *) backends='opencl, ptx, cuda or full' ;;
esac
case $backend/$platform in
  /* | opencl/* | ptx/linux-* | cuda/linux-* | full/linux-* | metal/mac-*) ;;
  *) misused "there is no backend '$backend' for $platform; expected $backends" ;;
esac

if [ -n "$sum" ]; then
  sum=$(printf %s "${sum#sha256:}" | tr A-F a-f)
  case ${#sum}$sum in
    64*[!0-9a-f]*) misused "--sha256: '$sum' is not a SHA-256" ;;
    64*) ;;
    *) misused "--sha256: '$sum' is not a SHA-256" ;;
  esac
fi

if [ -z "$prefix" ]; then
  [ -n "${HOME-}" ] || misused "HOME is not set; name a folder with --prefix"
  prefix=$HOME/.tornadovm
fi
case $prefix in
  /*) ;;
  *) prefix=$PWD/$prefix ;;
esac
prefix=${prefix%/}
case $prefix in
  *:* | *"$newline"*) misused "$prefix: Java takes no module path with a colon or a line break" ;;
esac

case $archive in
  '' | /*) ;;
  *) archive=$PWD/$archive ;;
esac
[ -z "$archive" ] || [ -r "$archive" ] || fail "$archive: no such file or folder, or it is not readable"

find_java || exit 1
# shellcheck source=scripts/sdk.sh
. "$root/scripts/sdk.sh"

# ------------------------------------------------------------------------------ a folder to work in

work=$prefix/.setup
child=
working=
partial=
moved_away=

# shellcheck disable=SC2317
clean_up() {
  ended_with=$?
  trap - EXIT
  trap '' HUP INT PIPE TERM
  [ -z "$child" ] || kill "$child" 2>/dev/null
  [ -z "$moved_away" ] || [ -e "$moved_away" ] || mv "$work/old" "$moved_away"
  [ -z "$partial" ] || rm -f "$partial"
  if [ -n "$working" ]; then
    rm -rf "$work"
    rmdir "$prefix/downloads" 2>/dev/null
    [ -n "$prefix_was_there" ] || rmdir "$prefix" 2>/dev/null
  fi
  exit "$ended_with"
}

# Sets other to the id of the process that holds the lock.
read_process() {
  other=
  { IFS= read -r other <"$work/process"; } 2>/dev/null
}

# Makes the work folder. It is inside the prefix, so that a finished SDK only has to be renamed. It
# is also a lock; one that a killed run has left is taken over.
begin_work() {
  denied="cannot write to $prefix; choose another folder with --prefix"
  prefix_was_there=
  [ ! -d "$prefix" ] || prefix_was_there=yes
  trap clean_up EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 141' PIPE
  trap 'exit 143' TERM
  mkdir -p "$prefix" 2>/dev/null || fail "$denied"
  if ! mkdir "$work" 2>/dev/null; then
    [ -d "$work" ] || fail "$denied"
    read_process || { sleep 1 && read_process; }
    if [ -n "$other" ] && [ "$other" != $$ ] && kill -0 "$other" 2>/dev/null; then
      fail "another setup-tornado.sh (process $other) is running in $prefix"
    fi
    { rm -rf "$work" && mkdir "$work"; } 2>/dev/null || fail "$denied"
  fi
  working=yes
  printf '%s\n' $$ >"$work/process" || fail "$denied"
}

# --------------------------------------------------------------------------------------- installing

# Asks before replacing something, which $1 describes. Without a terminal, --force is needed.
ask_to_replace() {
  [ -z "$force" ] || return 0
  if [ -t 0 ] && [ -t 2 ]; then
    printf 'setup-tornado: %s; replace it? [y/N] ' "$1" >&2
    IFS= read -r answer || answer=
    case $answer in
      [yY] | [yY][eE][sS]) return 0 ;;
    esac
    fail "nothing was changed"
  fi
  fail "$1; --force replaces it"
}

# Moves the staged SDK to $sdk.
put_in_place() {
  if [ -e "$sdk" ]; then
    moved_away=$sdk
    mv "$sdk" "$work/old" || fail "cannot move $sdk away"
  fi
  mv "$staged" "$sdk" || fail "cannot write to $prefix"
  moved_away=
  note "installed TornadoVM $sdk_version with $sdk_backends: $sdk"
}

there_already() {
  note "TornadoVM $sdk_version with $sdk_backends is already installed: $sdk"
}

# True if $sdk has all files of the staged SDK; files that TornadoVM has added are ignored.
same_as_staged() {
  ! LC_ALL=C diff -r "$staged" "$sdk" 2>&1 | grep -v -F "Only in $sdk" >/dev/null
}

# Sets sdk to the SDK in TORNADOVM_HOME or current if it is suitable.
use_what_is_there() {
  for named in "${TORNADOVM_HOME-}" "$prefix/current"; do
    if [ ! -d "$named" ]; then
      continue
    elif ! read_sdk "$named"; then
      note "$named is not a TornadoVM SDK (it has no $lacks): not used"
    elif [ "$sdk_version" != "$wanted_version" ] && ! is_newer_tornado "$sdk_version"; then
      note "$named is TornadoVM $sdk_version and not $wanted_version: not used"
    elif [ -z "$backend" ] || has_backend "$backend"; then
      sdk=$(CDPATH='' cd -P -- "$named" && pwd -P) || fail "cannot enter $named"
      return
    fi
  done
  return 1
}

install_archive() {
  if [ -n "$sum" ] && [ -f "$archive" ]; then
    sha256 "$archive"
    [ "$digest" = "$sum" ] ||
      fail "$archive has the SHA-256 $digest and not $sum: it was not installed"
  fi
  stage "$archive" "$archive"
  case $sdk_version in
    *-jdk25 | *-jdk25-*) ;;
    *) is_tornado_without_jvmci "$sdk_version" ||
      fail "gpt.jar needs TornadoVM for JDK 25, and $archive is TornadoVM $sdk_version" ;;
  esac
  [ -z "$backend" ] || has_backend "$backend" ||
    fail "$archive is TornadoVM with $sdk_backends and not with $backend"
  sdk=$real_prefix/$sdk_version-$sdk_backends
  if [ -z "$force" ] && [ -e "$sdk" ] && same_as_staged; then
    there_already
  else
    [ ! -e "$sdk" ] || ask_to_replace "$sdk exists already and differs"
    put_in_place
  fi
}

# True if the system finds libnvrtc.so.
has_nvrtc() {
  for folder in $(printf %s "${LD_LIBRARY_PATH-}" | tr : ' '); do
    [ ! -e "$folder/libnvrtc.so" ] || return 0
  done
  cache=/sbin/ldconfig
  ! command -v ldconfig >/dev/null || cache=ldconfig
  "$cache" -p 2>/dev/null | grep -F libnvrtc.so >/dev/null
}

choose_backend() {
  backend=opencl
  case $platform in
    mac-*) backend=metal ;;
    *)
      for tool in nvidia-smi /usr/lib/wsl/lib/nvidia-smi; do
        case $("$tool" -L 2>/dev/null) in
          *'GPU '[0-9]*) backend=ptx ;;
        esac
      done
      # The cuda backend compiles with NVRTC, a library of the CUDA toolkit.
      [ $backend != ptx ] || ! has_nvrtc || backend=cuda
      ;;
  esac
  note "backend $backend; use --backend to choose another: $backends"
}

install_release() {
  [ -n "$backend" ] || choose_backend
  sdk=$real_prefix/$wanted_version-$backend
  if [ -z "$force" ] && read_sdk "$sdk"; then
    there_already
    return
  fi
  [ ! -e "$sdk" ] || ask_to_replace "$sdk exists already, but has no ${lacks:-SDK}"
  download "$wanted_version" "$backend"
  stage "$work/archive" "$address"
  [ "$sdk_version" = "$wanted_version" ] ||
    fail "$address is TornadoVM $sdk_version and not $wanted_version"
  has_backend "$backend" || fail "$address is TornadoVM with $sdk_backends and not with $backend"
  put_in_place
}

# Copies $1 to $2 atomically if they differ.
update() {
  cmp -s "$1" "$2" || { cp "$1" "$work/file" && mv -f "$work/file" "$2"; } || fail "cannot write $2"
}

if [ -e "$prefix/current" ] && [ ! -h "$prefix/current" ]; then
  fail "$prefix/current is not a symbolic link; move it away first"
fi
begin_work
real_prefix=$(CDPATH='' cd -P -- "$prefix" && pwd -P) || fail "cannot enter $prefix"

if [ -n "$archive" ]; then
  install_archive
elif [ -z "$force" ] && use_what_is_there; then
  there_already
else
  install_release
fi
[ "$sdk_version" = "$wanted_version" ] ||
  note "gpt.jar is tested on TornadoVM $wanted_version, not on $sdk_version; trying it"

mkdir -p "$prefix/bin" || fail "cannot write to $prefix"
update "$root/scripts/jdk.sh" "$prefix/bin/jdk.sh"
update "$root/scripts/tornado" "$prefix/bin/tornado"

# An SDK outside the prefix is not changed; the wrapper makes the argfile that it needs.
argfile=$work/argfile
TORNADOVM_HOME=$sdk "$root/scripts/tornado" --write-argfile "$argfile" || exit 1
to=$sdk
case $sdk in
  "$real_prefix"/*)
    to=${sdk#"$real_prefix/"}
    update "$argfile" "$sdk/tornado-argfile"
    ;;
esac

# Replaces current atomically if the system's mv supports that.
if [ "$(readlink "$prefix/current" 2>/dev/null)" != "$to" ]; then
  ln -s "$to" "$work/current" || fail "cannot make a symbolic link in $prefix"
  mv -fT "$work/current" "$prefix/current" 2>/dev/null ||
    mv -fh "$work/current" "$prefix/current" 2>/dev/null ||
    { rm -f "$prefix/current" && mv "$work/current" "$prefix/current"; } ||
    fail "cannot write to $prefix"
fi

# ------------------------------------------------------------------------------------------ devices

# Prints which libraries the SDK lacks on this machine, and how to install them.
say_what_is_missing() {
  if [ -f /etc/debian_version ]; then
    loader='run apt install ocl-icd-libopencl1'
    cpu='run apt install pocl-opencl-icd'
  else
    loader="install your distribution's ocl-icd"
    cpu="install your distribution's pocl"
  fi
  for library in opencl ptx cuda; do
    [ ! -f "$sdk/lib/libtornado-$library.so" ] || ldd "$sdk/lib/libtornado-$library.so"
  done >"$work/libraries" 2>&1
  no_loader=
  while IFS= read -r line; do
    needed=${line%% =>*}
    needed=${needed##*[!A-Za-z0-9._-]}
    case $line in
      *GLIBC*'not found'*)
        needed=${line#*\`}
        needed=${needed%%\'*}
        note "the SDK needs newer libraries than this system's ($needed): upgrade the system, or build TornadoVM from its sources and pass its folder with --archive"
        ;;
      *libOpenCL.so*'not found'*)
        no_loader=yes
        note "OpenCL is not installed ($needed): $loader"
        ;;
      *libcuda.so*'not found'*)
        note "the NVIDIA driver is not installed ($needed): install it, or use --backend opencl"
        ;;
      *libnvrtc*'not found'*)
        note "the cuda backend needs NVIDIA's CUDA toolkit ($needed): install it, or use --backend ptx"
        ;;
    esac
  done <"$work/libraries"
  case $sdk_backends in
    full | *opencl*)
      [ -n "$no_loader${OCL_ICD_VENDORS-}" ] ||
        [ -n "$(find /etc/OpenCL/vendors -name '*.icd' -print 2>/dev/null)" ] ||
        note "there is no OpenCL device: for a GPU, install its driver; for the CPU, $cpu"
      ;;
  esac
}

# Lists the devices and sets devices to their number.
list_devices() {
  devices=0
  "$java_home/bin/java" "@$argfile" --module-path "$sdk/share/java/tornado" \
    uk.ac.manchester.tornado.drivers.TornadoDeviceQuery </dev/null >"$work/query" 2>&1
  ended_with=$?
  escape=$(printf '\033')
  sed -e "s/$escape\\[[0-9;]*m//g" -e 's/[[:space:]][[:space:]]*/ /g' "$work/query" >"$work/devices"
  device=
  while IFS= read -r line; do
    case $line in
      *'Tornado device='*)
        device=${line#*device=}
        device=${device%% *}
        ;;
      *' -- '*)
        if [ -n "$device" ]; then
          note "device $device: ${line# }"
          devices=$((devices + 1))
        fi
        device=
        ;;
    esac
  done <"$work/devices"
  [ $devices -eq 0 ] || return 0
  ! command -v ldd >/dev/null || say_what_is_missing
  if [ $ended_with -eq 0 ]; then
    note "TornadoVM finds no device"
  else
    why=$(grep -E 'Exception|Error' "$work/devices" | tail -n 1)
    note "TornadoVM does not start: ${why:-java exited with status $ended_with}"
  fi
}

test_devices() {
  again="TORNADOVM_HOME='$sdk' scripts/gpt devices --test"
  if [ ! -x "$root/scripts/gpt" ]; then
    note "the devices were not tested: there is no scripts/gpt beside this script"
  elif ! "$root/scripts/gpt" devices --help </dev/null >"$work/help" 2>"$work/log"; then
    note "the devices were not tested: gpt.jar cannot be built ($(tail -n 1 "$work/log")); when it can: $again"
  elif ! grep -e --test "$work/help" >/dev/null; then
    note "the devices were not tested: this gpt.jar has no devices --test; with a newer one: $again"
  elif TORNADOVM_HOME=$sdk JAVA_HOME=$java_home "$root/scripts/gpt" devices --test </dev/null >&2; then
    note "the kernels passed their tests on every device"
  else
    note "a kernel test failed; to repeat it: $again"
    return 1
  fi
}

note "JDK $full_version: $java_home"
case $sdk in
  *[!A-Za-z0-9/._+,@%=-]*)
    note "the SDK's own launcher (tornado --devices and others) does not work in a folder with this name; tornado -jar does"
    ;;
esac
command -v python3 >/dev/null ||
  note "python3 is not installed: the SDK's own launcher (tornado --devices and others) needs it, tornado -jar does not"
result=0
list_devices
if [ $test = yes ]; then
  if [ $devices -eq 0 ]; then
    result=1
  else
    test_devices || result=1
  fi
fi

# --------------------------------------------------------------------------------- the profile line

# $1 as a word for a shell, in single quotes.
single_quoted() {
  printf "'%s'" "$(printf '%s\n' "$1" | sed "s/'/'\\\\''/g")"
}

note "add this line to your shell's profile (~/.bashrc, ~/.zshrc):"
# shellcheck disable=SC2016
if [ -n "${HOME-}" ] && [ "$prefix" = "$HOME/.tornadovm" ]; then
  printf 'export TORNADOVM_HOME="%s/current" PATH="%s/bin:%s/current/bin:$PATH"\n' \
    '$HOME/.tornadovm' '$HOME/.tornadovm' '$HOME/.tornadovm'
else
  printf 'export TORNADOVM_HOME=%s PATH=%s:"$PATH"\n' "$(single_quoted "$prefix/current")" \
    "$(single_quoted "$prefix/bin:$prefix/current/bin")"
fi
exit $result
