/** The admin server: its small HTTP/1.1 server, the registry of routes, and what they show. Knows everything it shows; nothing knows it but the assembly. */
@NullMarked
package dev.mishap.proxy.admin;

import org.jspecify.annotations.NullMarked;
