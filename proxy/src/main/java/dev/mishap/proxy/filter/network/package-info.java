/** Network filters: what a listener's filter chain is made of. One package a filter below this one. */
@NullMarked
package dev.mishap.proxy.filter.network;

import org.jspecify.annotations.NullMarked;
