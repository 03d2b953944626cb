package dev.mishap.control.base;

import dev.mishap.control.xds.NodeInfo;

/** Where nodes get their configuration from. */
public interface BaseConfig extends AutoCloseable {
    /** The base of a node. Does not block. Nodes that get the same share the object. */
    Base of(NodeInfo node);

    /** Whether listeners that have no fault filter may be given one when a rule needs it. */
    boolean mayInsert();

    /** One line for people. */
    String describe();

    @Override
    void close();
}
