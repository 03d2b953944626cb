/** {@code mishap standalone}: the proxy in front of one dependency, without a configuration file. Knows the server, as a user of it. */
@NullMarked
package dev.mishap.proxy.standalone;

import org.jspecify.annotations.NullMarked;
