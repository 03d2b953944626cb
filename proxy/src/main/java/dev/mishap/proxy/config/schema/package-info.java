/** Configuration as a typed tree: readers for YAML, JSON, text and binary protobuf, constraint checks and the table of supported fields. Knows the schema of Envoy's messages, not what they mean. */
@NullMarked
package dev.mishap.proxy.config.schema;

import org.jspecify.annotations.NullMarked;
