// SPDX-License-Identifier: Apache-2.0
// Errors are values: a function that can fail returns a Result and whoever calls it must look.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace warrant {

/// What went wrong, for a person: names the thing (file, field) and, where there is one, the fix.
struct Error {
  std::string message;

  /// Puts what was being attempted in front: "reading key.json: Permission denied".
  Error context(std::string_view attempt) && {
    return Error{std::string(attempt) + ": " + message};
  }
};

/// Either a T or an E, never neither. Asking for the one that is not there ends the program.
template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  using Value = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }

  T &value() & { return require<0>(state_); }
  const T &value() const & { return require<0>(state_); }
  /// By value, so that WARRANT_TRY never hands out a reference into a dead Result.
  T value() && { return std::move(require<0>(state_)); }

  E &error() & { return require<1>(state_); }
  const E &error() const & { return require<1>(state_); }
  E error() && { return std::move(require<1>(state_)); }

 private:
  template <std::size_t I, class State>
  static auto &require(State &state) {
    if (state.index() != I)
      __builtin_trap();
    return *std::get_if<I>(&state);
  }

  std::variant<T, E> state_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  using Value = void;

  Result() = default;
  Result(E error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  void value() const {
    if (error_)
      __builtin_trap();
  }

  const E &error() const & {
    if (!error_)
      __builtin_trap();
    return *error_;
  }
  E error() && {
    if (!error_)
      __builtin_trap();
    return std::move(*error_);
  }

 private:
  std::optional<E> error_;
};

using Status = Result<void>;

} // namespace warrant

#define WARRANT_TRY_JOIN_(a, b) a##b
#define WARRANT_TRY_NAME_(n) WARRANT_TRY_JOIN_(warrant_try_, n)
#define WARRANT_TRY_(expr, name)      \
  __extension__({                     \
    auto name = (expr);               \
    if (!name.ok())                   \
      return std::move(name).error(); \
    std::move(name).value();          \
  })
/// The value of `expr`, or return its error from the enclosing function (same error type).
#define WARRANT_TRY(expr) WARRANT_TRY_(expr, WARRANT_TRY_NAME_(__COUNTER__))
