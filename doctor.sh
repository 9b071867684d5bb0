#!/usr/bin/env bash
# What keeps Abacus from starting on this machine, before it is tried: ./run.sh doctor [docker|embedded|machine]
#
#   docker     what `docker compose up -d` needs; the default where there is a docker command
#   embedded   what ./run.sh without Docker needs
#   machine    whether ./run.sh can run here at all; it asks this before it installs anything
#
# Each line says ok, or what to do; `look` stops no start. Exit status 1: something does. It changes nothing, asks no
# network, and needs bash alone (3.2, macOS's).
set -uo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")" || exit 1

ENGINE=25.0 COMPOSE=2.33 BUILDX=0.17 GLIBC=2.28
INSTALL=https://docs.docker.com/engine/install/
stops=0
quiet=''

ok() { [ -n "$quiet" ] || printf 'ok    %s\n' "$*"; }
look() { printf 'look  %s\n' "$*"; }
stop() { printf 'STOP  %s\n' "$*"; stops=$((stops + 1)); }

version() { sed -n 's/[^0-9]*\([0-9][0-9]*\.[0-9][0-9.]*\).*/\1/p' | head -n 1; }

at_least() { [ "$(printf '%s\n' "$2" "$1" | sort -t . -k 1,1n -k 2,2n | head -n 1)" = "$2" ]; }

setting() { # NAME DEFAULT: from the shell, else from .env, as Compose takes it
  local value=${!1:-}
  if [ -z "$value" ] && [ -r .env ]; then value=$(sed -n "s/^ *$1=//p" .env | tail -n 1 | tr -d "\"'\r"); fi
  printf '%s' "${value:-$2}"
}

check_version() { # NAME VERSION LEAST REMEDY
  if [ -z "$2" ]; then stop "$1 is missing: $4"
  elif at_least "$2" "$3"; then ok "$1 $2"
  else stop "$1 is $2, and $3 or newer is needed: $4"; fi
}

# --- with Docker ---

check_engine() { # fails where nothing else can be asked
  local said
  command -v docker >/dev/null ||
    { stop "There is no docker command: install the Docker Engine ($INSTALL), or use ./run.sh without it"; return 1; }
  case $(docker --version 2>&1) in
    *[Pp]odman*)
      stop "The docker command is Podman's, which lacks what is needed: install the Docker Engine ($INSTALL)"
      return 1 ;;
  esac
  said=$(docker version --format '{{.Server.Version}}' 2>&1) || {
    case $said in
      *'permission denied'*)
        stop "This user may not use the Docker Engine: sudo usermod -aG docker \$USER, then log in again" \
          "(that group is as good as root)" ;;
      *) stop "No Docker Engine answers: start it (sudo systemctl start docker, or Docker Desktop). ${said##*$'\n'}" ;;
    esac
    return 1
  }
  check_version "Docker Engine" "$(version <<<"$said")" "$ENGINE" "update it ($INSTALL)"
}

check_plugins() {
  check_version Compose "$(docker compose version --short 2>/dev/null | version)" "$COMPOSE" \
    "install docker-compose-plugin from Docker's own packages ($INSTALL)"
  check_version buildx "$(docker buildx version 2>/dev/null | sed 's/^[^ ]* //' | version)" "$BUILDX" \
    "install docker-buildx-plugin from Docker's own packages ($INSTALL)"
}

check_info() { # what the engine says of its machine
  local system='' memory='' root='' security=''
  IFS='|' read -r system memory root security \
    < <(docker info --format '{{.OSType}}|{{.MemTotal}}|{{.DockerRootDir}}|{{.SecurityOptions}}')
  [ "$system" = linux ] || stop "The engine runs ${system:-unknown} containers: switch it to Linux containers"
  check_memory "$((${memory:-0} / 1048576))" 900 2000
  if [ -d "$root" ]; then check_disk "$root" 3000
  else look "The engine's disk is not to be seen from here (docker system df); 3 GB of it should be free"; fi
  case $security in *rootless*) check_rootless ;; esac
}

check_rootless() {
  local port least options
  port=$(setting HTTP_PORT 80) port=${port##*:}
  least=$(sysctl -n net.ipv4.ip_unprivileged_port_start 2>/dev/null || echo 1024)
  [ "$port" -ge "$least" ] ||
    stop "A rootless engine cannot publish port $port: set HTTP_PORT=8080 in .env," \
      "or: sudo sysctl net.ipv4.ip_unprivileged_port_start=$port"
  options=$(findmnt -no OPTIONS -T . 2>/dev/null)
  case ,$options, in
    *,nosuid,* | *,nodev,* | *,noexec,*)
      stop "A rootless engine cannot give a container files of this file system ($options):" \
        "move the checkout to one without nosuid, nodev and noexec" ;;
    *) ok "rootless" ;;
  esac
}

check_cpu() {
  local flags flag missing=''
  [ "$(uname -m)" = x86_64 ] && [ -z "$(setting MYSQL_HOST '')" ] || return 0
  flags=$(lscpu 2>/dev/null | grep '^Flags') ||
    { look "What this CPU can do is not known (no lscpu); MySQL needs x86-64-v2"; return; }
  for flag in cx16 lahf_lm popcnt sse4_1 sse4_2 ssse3; do
    case " $flags " in *" $flag "*) ;; *) missing="$missing $flag" ;; esac
  done
  if [ -z "$missing" ]; then ok "CPU: x86-64-v2"
  else stop "MySQL's image needs a CPU of x86-64-v2, and this one lacks$missing: in a virtual machine choose" \
    "the CPU type host or x86-64-v2-AES, or set MYSQL_HOST"; fi
}

check_files() {
  local name path
  [ ! -e .env ] || [ -r .env ] || stop ".env cannot be read by this user: chown it, or run this as its owner"
  ! grep -q $'\r' .env 2>/dev/null ||
    look ".env has Windows line ends, which become part of some values: sed -i 's/\\r\$//' .env"
  for name in DJANGO_SECRET_KEY DJANGO_SECRET_KEY_FALLBACKS DJANGO_SUPERUSER_PASSWORD MYSQL_PASSWORD \
    MYSQL_ROOT_PASSWORD MYSQL_SSL_CA REDIS_PASSWORD REDIS_SSL_CA RABBITMQ_PASSWORD CELERY_BROKER_URL TLS_CERTIFICATE; do
    path=$(setting "${name}_FILE" '')
    [ -z "$path" ] || check_file "${name}_FILE" "$path"
  done
}

check_file() { # NAME PATH
  if [ ! -x "$(dirname "$2")" ]; then look "$1: $2 is not to be seen by this user: sudo ./run.sh doctor"
  elif [ ! -f "$2" ]; then stop "$1 names $2, which is no file: make it, or take the line out of .env"
  elif [ -z "$(find "$2" -perm -0004)" ]; then
    stop "$1: the containers read $2 as another user: chmod 0444 $2 (and its folder 0700)"
  else ok "$1: $2"; fi
}

check_config() {
  local said
  if said=$(docker compose config --quiet 2>&1); then ok "docker-compose.yaml and .env"
  else stop "Compose refuses the configuration: ${said##*$'\n'}"; fi
}

check_data() { # SERVICE NAME: what wrote the data must not be newer than what is to read it
  local container had image wanted
  container=$(docker compose ps --all --quiet "$1" 2>/dev/null | head -n 1)
  [ -n "$container" ] || return 0
  image=$(sed -n "s/.*{$2_IMAGE:-\([^}]*\)}.*/\1/p" docker-compose*.yaml | head -n 1)
  image=$(setting "$2_IMAGE" "$image") wanted=$(version <<<"${image##*:}")
  had=$(docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' "$container" |
    sed -n "s/^$2_VERSION=//p" | version)
  if [ -z "$had" ] || [ -z "$wanted" ]; then
    look "$1: whether $image reads its data is not known: which version wrote it does not say so"
  elif [ "${had%.*}" = "$wanted" ] || [ "$had" = "$wanted" ]; then ok "$1: $had, and $image reads its data"
  elif at_least "$wanted" "$had"; then
    look "$1: $image takes over the data of $had, and there is no way back: make a backup first (docs/operations.md)"
  else
    stop "$1: its data is of $had, which $image may not read: set $2_IMAGE=${image%:*}:${had%.*} in .env" \
      "(docs/operations.md)"
  fi
}

check_image() {
  local image made
  image=$(setting APP_IMAGE abacus)
  if made=$(docker image inspect -f '{{.Created}}' "$image" 2>/dev/null); then ok "image $image, built ${made%%T*}"
  else look "image $image: the first start builds it, which takes minutes and needs the network"; fi
}

# --- without Docker ---

check_machine() {
  local glibc pages
  case $(uname -s) in
    Linux)
      glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | version)
      if [ -z "$glibc" ]; then
        stop "This Linux has no glibc (Alpine has musl), without which there is no server to install:" \
          "docker compose up -d, or another distribution"
      else check_version glibc "$glibc" "$GLIBC" "a newer distribution, or: docker compose up -d"; fi ;;
    Darwin) look "macOS should do, but nobody has tested it" ;;
    *) stop "Nothing here runs on $(uname -s): on Windows use WSL2, elsewhere a virtual machine with Linux" ;;
  esac
  case $(uname -m) in
    x86_64) ok "$(uname -s) on x86_64" ;;
    aarch64 | arm64) look "$(uname -m) should do, but nobody has tested it" ;;
    *) stop "There is nothing to install for $(uname -m): x86-64 or arm64 is needed" ;;
  esac
  pages=$(getconf PAGESIZE 2>/dev/null)
  [ "${pages:-4096}" = 4096 ] || look "memory pages of $pages bytes should do, but nobody has tested it"
}

check_python() {
  local found
  if found=$(./run.sh python 2>&1); then
    ok "$found"
    "$found" -c 'import venv, ensurepip' 2>/dev/null ||
      stop "$found has no venv module. On Debian and Ubuntu: sudo apt-get install python3-venv"
  else stop "${found#abacus: }"; fi
}

check_data_folder() {
  local folder=${DATA_DIR:-data}
  if [ ! -e "$folder" ]; then ok "$folder is made at the first start"
  elif [ -d "$folder" ] && [ -O "$folder" ] && [ -w "$folder" ]; then ok "$folder is this user's own"
  else stop "$folder is no folder of this user's own: chown it, or set DATA_DIR to another one"; fi
}

# --- both ---

check_memory() { # MB LEAST ENOUGH
  if [ "$1" -eq 0 ]; then look "How much memory there is, is not known; $3 MB are enough"
  elif [ "$1" -lt "$2" ]; then stop "memory: $1 MB, and $2 are the least: give the machine more"
  elif [ "$1" -lt "$3" ]; then look "memory: $1 MB are few; with $3 nothing has to be killed under load"
  else ok "memory: $1 MB"; fi
}

check_disk() { # FOLDER LEAST
  local free
  free=$(df -Pk "$1" 2>/dev/null | tail -n 1 | awk '{print int($4 / 1024)}')
  if [ -z "$free" ]; then look "How much of $1's disk is free is not known; $2 MB should be"
  elif [ "$free" -lt 500 ]; then stop "disk: $free MB are free at $1: make room (docker system prune, old logs)"
  elif [ "$free" -lt "$2" ]; then look "disk: $free MB are free at $1, which is little: $2 are better"
  else ok "disk: $free MB are free at $1"; fi
}

check_port() { # ADDRESS-AND-PORT OURS: whether somebody else listens there
  local port=${1##*:} host=127.0.0.1
  case $1 in 0.0.0.0:* | \[*) ;; *:*) host=${1%:*} ;; esac
  case $port in
    '' | *[!0-9]*) stop "HTTP_PORT is $1: set it to a port, or to an address and a port (127.0.0.1:8080)"; return ;;
  esac
  if [ -n "$2" ]; then ok "port $1 is Abacus's own"
  elif ! (exec 3<>"/dev/tcp/$host/$port") 2>/dev/null; then ok "port $1 is free"
  else stop "port $1 is taken (sudo ss -ltnp 'sport = :$port' tells by whom): stop that, or set another HTTP_PORT"; fi
}

check_time() {
  case $(timedatectl show -p NTPSynchronized --value 2>/dev/null) in
    yes) ok "the clock is synchronized" ;;
    no) look "the clock is not synchronized ($(date)), and certificates go by it: sudo timedatectl set-ntp true" ;;
    *) look "whether something sets the clock is not known: it says $(date)" ;;
  esac
}

with_docker() {
  check_cpu
  check_time
  check_files
  check_engine || return
  check_plugins
  check_info
  check_port "$(setting HTTP_PORT 80)" "$(docker compose ps --quiet haproxy 2>/dev/null)"
  check_config
  check_image
  check_data mysql MYSQL
  check_data redis REDIS
  check_data rabbitmq RABBITMQ
}

without_docker() {
  check_machine
  check_python
  check_data_folder
  check_port "${HTTP_PORT:-8000}" ''
  check_memory "$(($(getconf _PHYS_PAGES 2>/dev/null || echo 0) * $(getconf PAGESIZE || echo 0) / 1048576))" 400 900
  check_disk . 1000
  check_time
}

way=${1:-}
[ -n "$way" ] || { command -v docker >/dev/null && way=docker || way=embedded; }
case $way in
  docker) start='docker compose up -d' && with_docker ;;
  embedded) start=./run.sh && without_docker ;;
  machine) start=./run.sh quiet=yes && check_machine ;;
  *) echo "no such way to start: $way (docker, embedded)" >&2; exit 2 ;;
esac
if [ "$stops" -gt 0 ]; then printf 'STOP  %s would not start, for what is said above.\n' "$start"; exit 1; fi
ok "nothing stops: $start"
