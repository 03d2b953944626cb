/** The one-line form of rules, docs/rule-language.md: parsing with precise errors, printing. */
@NullMarked
package dev.mishap.rules.text;

import org.jspecify.annotations.NullMarked;
