/** What a filter of a UDP listener's datagrams is. */
@NullMarked
package dev.mishap.proxy.filter.udp;

import org.jspecify.annotations.NullMarked;
