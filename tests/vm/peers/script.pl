#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
print "INTR" . "UDED\n";
