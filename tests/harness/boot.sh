#!/bin/sh
# SPDX-License-Identifier: ISC
#
# boot.sh FOLDER SHOWN.. - in namespaces of its own (booted.py makes them): this machine's files under a layer that takes every
# change, on a tmpfs in FOLDER, and systemd as the first process. The folders SHOWN are seen in it as they are, wherever they are
# mounted. Nothing that it does is seen outside, and nothing of it stays.
set -eu

mount --make-rprivate /
mount -t tmpfs -o size=1g,mode=0755 tmpfs "$1"
mkdir "$1/changes" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/changes,workdir=$1/work" overlay "$1/root"
cd "$1/root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
for folder in dev run tmp; do
	mount -t tmpfs -o mode=0755 tmpfs $folder
done
chmod 1777 tmp
shift
for shown in "$@"; do
	mkdir -p ".$shown"
	mount --bind "$shown" ".$shown"
	mount -o remount,bind,ro ".$shown"
done
for device in null zero full random urandom tty; do
	cp -a "/dev/$device" dev/
done
ln -s /proc/self/fd dev/fd
ln -s pts/ptmx dev/ptmx
mkdir dev/shm dev/pts
mount -t tmpfs tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs -o mode=0755 tmpfs sys/fs/cgroup
if grep -q ':name=systemd:' /proc/self/cgroup; then # the first version of control groups, and the second beside it
	mkdir sys/fs/cgroup/systemd sys/fs/cgroup/unified
	mount -t cgroup -o none,name=systemd systemd sys/fs/cgroup/systemd
	mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
else
	mount -t cgroup2 cgroup2 sys/fs/cgroup
fi
mkdir run/outside
pivot_root . run/outside
cd /
umount -l /run/outside
mount --make-rshared / # as systemd does on a machine: LoadCredential= needs it
rm -f /etc/fstab
ln -sf /lib/systemd/system/basic.target /etc/systemd/system/default.target # none of this machine's services
rm -rf /etc/postgresql/* /var/lib/postgresql/* /var/lib/redis/*
container=other exec /lib/systemd/systemd --log-target=console
