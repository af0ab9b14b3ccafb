#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
printf 'INTR%s\n' UDED
