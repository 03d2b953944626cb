package dev.mishap.proxy.rules;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** On a test with real sockets: the faults, by their names in {@code docs/faults.md}, of which it proves what a peer sees. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface ProvesFault {
    String[] value();
}
