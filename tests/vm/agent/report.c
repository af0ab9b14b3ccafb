// SPDX-License-Identifier: Apache-2.0
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int port = -1;

static void text_reserve(struct text *text, size_t more) {
  if (text->size + more + 1 <= text->room)
    return;
  text->room = (text->size + more + 1) * 2;
  text->data = realloc(text->data, text->room);
  if (text->data == NULL)
    _exit(111);
}

void text_add(struct text *text, const char *format, ...) {
  va_list arguments;

  va_start(arguments, format);
  int size = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  text_reserve(text, (size_t)size);
  va_start(arguments, format);
  vsnprintf(text->data + text->size, (size_t)size + 1, format, arguments);
  va_end(arguments);
  text->size += (size_t)size;
}

static void text_name(struct text *text, const char *name) {
  text_add(text, "%s\"%s\":", text->data[text->size - 1] == '{' ? "" : ",", name);
}

void text_member(struct text *text, const char *name, const char *value, size_t size) {
  text_name(text, name);
  text_add(text, "\"");
  for (size_t i = 0; i < size; i++) {
    unsigned char byte = (unsigned char)value[i];
    if (byte < 0x20 || byte == '"' || byte == '\\' || byte > 0x7e)
      text_add(text, "\\u%04x", byte);
    else
      text_add(text, "%c", byte);
  }
  text_add(text, "\"");
}

void text_member_string(struct text *text, const char *name, const char *value) {
  text_member(text, name, value, strlen(value));
}

void text_member_number(struct text *text, const char *name, int64_t value) {
  text_name(text, name);
  text_add(text, "%lld", (long long)value);
}

int report_open(const char *path) {
  struct termios raw;

  port = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (port < 0)
    return -errno;
  if (tcgetattr(port, &raw) == 0) {
    cfmakeraw(&raw);
    cfsetspeed(&raw, B115200);
    tcsetattr(port, TCSANOW, &raw);
  }
  return 0;
}

struct text report_begin(const char *event) {
  struct text text = {0};

  text_add(&text, "{");
  text_member_string(&text, "event", event);
  text_member_number(&text, "boot", boot_time());
  return text;
}

void report_end(struct text *text) {
  text_add(text, "}\n");
  for (size_t sent = 0; port >= 0 && sent < text->size;) {
    ssize_t more = write(port, text->data + sent, text->size - sent);
    if (more < 0 && errno != EINTR && errno != EAGAIN)
      break;
    sent += more > 0 ? (size_t)more : 0;
  }
  free(text->data);
  *text = (struct text){0};
}

void report_note(const char *event, const char *format, ...) {
  char note[1024];
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(note, sizeof(note), format, arguments);
  va_end(arguments);
  struct text text = report_begin(event);
  text_member_string(&text, "text", note);
  report_end(&text);
}

int64_t boot_time(void) {
  struct timespec now;

  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}
