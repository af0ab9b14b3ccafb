#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Puts there, before anything is tried, what an attacker may be assumed to have brought.
set -e
mount -t tmpfs -o mode=1777 none /tmp
for folder in /tmp/try /home/agent/try; do
  mkdir -p $folder
  cp /opt/peers/stage/* $folder/
  cp $folder/script.py $folder/script.txt
  cp $folder/script.py $folder/module.py
  chmod 755 $folder/*
  chown -R 1000:1000 $folder
done
mkdir -p /mnt/one /mnt/two
chmod 777 /mnt/one /mnt/two
modprobe overlay
for host in /opt/peers/host?; do $host; done # what runs often is known to the kernel
