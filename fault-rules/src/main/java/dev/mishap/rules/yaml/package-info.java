/** Rules and experiments as YAML and JSON: reading with positions, writing, the JSON Schema. The only package that knows snakeyaml. */
@NullMarked
package dev.mishap.rules.yaml;

import org.jspecify.annotations.NullMarked;
