// SPDX-License-Identifier: Apache-2.0
// What the guest tells the host: one JSON object a line, on a serial port of its own, so that
// kernel messages on the console can never tear a result apart.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct text {
  char *data;
  size_t size;
  size_t room;
};

/// Grows as needed; a guest without memory for a report has nothing left to say and exits.
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/// Adds `"name":"value"` with a comma before it unless it is the first member. Bytes above 0x7e are
/// written as \u00XX: the host gets back exactly the bytes that were there.
void text_member(struct text *text, const char *name, const char *value, size_t size);
void text_member_string(struct text *text, const char *name, const char *value);
void text_member_number(struct text *text, const char *name, int64_t value);

#define REPORT_PORT "/dev/ttyS1"

/// Opens the port for all later reports. Returns 0, or -errno.
int report_open(const char *path);
/// Starts an object with its "event" member.
struct text report_begin(const char *event);
/// Ends the object, sends it, frees it.
void report_end(struct text *text);
/// An object with one more member, "text".
void report_note(const char *event, const char *format, ...) __attribute__((format(printf, 2, 3)));

/// Nanoseconds of CLOCK_BOOTTIME: the clock that decisions are taken by.
int64_t boot_time(void);
