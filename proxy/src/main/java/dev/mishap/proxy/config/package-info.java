/** The supported fields of messages that several translators read. Each translator has those of its own; {@code server} lists them all. */
@NullMarked
package dev.mishap.proxy.config;

import org.jspecify.annotations.NullMarked;
