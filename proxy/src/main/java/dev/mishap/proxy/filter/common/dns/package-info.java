/** The DNS proxy that the UDP and the network filter share: questions go to resolvers and their answers back, as bytes. */
@NullMarked
package dev.mishap.proxy.filter.common.dns;

import org.jspecify.annotations.NullMarked;
