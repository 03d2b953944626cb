/** The caller's side of the control plane's API: contexts in a file, requests, events. Knows nothing of the server's insides. */
@NullMarked
package dev.mishap.control.client;

import org.jspecify.annotations.NullMarked;
