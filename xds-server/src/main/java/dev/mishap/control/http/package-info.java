/**
 * What any HTTP API of ours needs, on Jetty without servlets: a table of routes, negotiation, problem documents, limits on what a
 * client may send and hold, server-sent events. Knows no rules.
 */
@NullMarked
package dev.mishap.control.http;

import org.jspecify.annotations.NullMarked;
