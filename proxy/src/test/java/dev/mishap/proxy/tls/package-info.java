@NullMarked
package dev.mishap.proxy.tls;

import org.jspecify.annotations.NullMarked;
