/** The HTTP filters that a connection manager can name: one package a filter below this one, and the list of them. */
@NullMarked
package dev.mishap.proxy.filter.http;

import org.jspecify.annotations.NullMarked;
