/** Listener filters: what looks at a connection before its filter chain is chosen. One package a filter below this one. */
@NullMarked
package dev.mishap.proxy.filter.listener;

import org.jspecify.annotations.NullMarked;
