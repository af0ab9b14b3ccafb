// SPDX-License-Identifier: Apache-2.0
// How a subcommand fails: an exit code and one message, printed once, by main().
#pragma once

#include <string>

#include "artifacts/rejection.h"
#include "artifacts/result.h"
#include "tools/cli/exit_code.h"

namespace warrant::cli {

struct Failure {
  ExitCode code = ExitCode::kError;
  std::string message;
};

template <class T>
using Try = Result<T, Failure>;

/// What a subcommand comes to.
using Answer = Try<ExitCode>;

inline Failure as_failure(Failure failure) {
  return failure;
}
inline Failure as_failure(Error error) {
  return {ExitCode::kError, std::move(error.message)};
}
inline Failure as_failure(const Rejection &rejection) {
  return {ExitCode::kError, rejection.text()};
}

inline Failure usage(std::string message) {
  return {ExitCode::kUsage, std::move(message)};
}
inline Failure trouble(std::string message) {
  return {ExitCode::kError, std::move(message)};
}

/// Says which file a refusal is about.
template <class T>
Try<T> in_file(const std::string &path, Checked<T> result) {
  if (result.ok())
    return std::move(result).value();
  return trouble(path + ": " + result.error().text());
}

} // namespace warrant::cli

#define CLI_TRY_(expr, name)                                    \
  __extension__({                                               \
    auto name = (expr);                                         \
    if (!name.ok())                                             \
      return warrant::cli::as_failure(std::move(name).error()); \
    std::move(name).value();                                    \
  })
/// WARRANT_TRY for functions that return a Try: takes errors of every kind.
#define CLI_TRY(expr) CLI_TRY_(expr, WARRANT_TRY_NAME_(__COUNTER__))
