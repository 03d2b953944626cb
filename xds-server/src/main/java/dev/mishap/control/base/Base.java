package dev.mishap.control.base;

import dev.mishap.control.xds.ResourceLayer;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The configuration of a node, or of many, without faults. Faults go over it in layers of their own. */
public class Base implements AutoCloseable {
    private final ResourceLayer layer;
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

    public Base(ResourceLayer layer) {
        this.layer = layer;
    }

    public ResourceLayer layer() {
        return layer;
    }

    /** Is told after listeners, routes, or clusters that discover rules have changed. */
    public void onChange(Runnable listener) {
        listeners.add(listener);
    }

    public void removeListener(Runnable listener) {
        listeners.remove(listener);
    }

    /** Tells that they have. */
    protected void changed() {
        listeners.forEach(Runnable::run);
    }

    @Override
    public void close() {}

    @Override
    public String toString() {
        return layer.name();
    }
}
