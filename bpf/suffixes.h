/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* clang-format off */
/*
 * Names by which code is known that interpreters read: the kernel programs and `warrant baseline`
 * take them from here. Each begins with a dot and has at most 8 characters; case matters.
 */
#ifndef WARRANT_SUFFIXES_H
#define WARRANT_SUFFIXES_H

#define W_CODE_SUFFIXES(X)                                                                       \
  X(".py")                                                                                       \
  X(".pyc")                                                                                      \
  X(".pyo")                                                                                      \
  X(".pyw")                                                                                      \
  X(".pyz")                                                                                      \
  X(".pth")                                                                                      \
  X(".egg")                                                                                      \
  X(".whl")                                                                                      \
  X(".pm") X(".pmc") X(".pl") X(".plx") X(".ph") X(".al") X(".rb") X(".rbw") X(".js") X(".mjs")  \
      X(".cjs") X(".ts") X(".mts") X(".cts") X(".jsx") X(".tsx") X(".wasm") X(".lua") X(".luac") \
          X(".sh") X(".bash") X(".dash") X(".ksh") X(".zsh") X(".awk") X(".gawk") X(".jar")      \
              X(".war") X(".class") X(".jmod") X(".java") X(".php") X(".phtml") X(".phar")       \
                  X(".inc") X(".tcl")       \
                      X(".tm") X(".bs") X(".ix") X(".zwc") X(".gemspec")

#define W_SUFFIX_MAX 8

#endif
