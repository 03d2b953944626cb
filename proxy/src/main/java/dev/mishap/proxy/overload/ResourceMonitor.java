package dev.mishap.proxy.overload;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Looks at a resource. Confined to the main loop. */
interface ResourceMonitor {
    /**
     * How much of the resource is used, 0 to 1.
     *
     * @throws IOException when it can't be found out
     */
    double pressure() throws IOException;

    /** {@code envoy.resource_monitors.fixed_heap}: what the JVM's heap and the buffers outside of it hold, of a configured number of bytes. */
    static ResourceMonitor fixedHeap(long maxBytes) {
        return () -> (double) Memory.used() / maxBytes;
    }

    /** {@code envoy.resource_monitors.injected_resource}: a number in a file, read again when a file was moved there. */
    final class Injected implements ResourceMonitor {
        /** A number takes no more. */
        private static final long MAX_SIZE = 1024;

        private final Path file;
        private boolean changed = true;
        private double last;

        Injected(Path file) {
            this.file = file;
        }

        void changed() {
            changed = true;
        }

        @Override
        public double pressure() throws IOException {
            if (changed) {
                changed = false;
                if (Files.size(file) > MAX_SIZE) {
                    throw new IOException("longer than a number");
                }
                String text = Files.readString(file).trim();
                double value;
                try {
                    value = Double.parseDouble(text);
                } catch (NumberFormatException e) {
                    throw new IOException("failed to parse injected resource pressure", e);
                }
                if (!(value >= 0 && value <= 1)) {
                    throw new IOException("pressure out of range");
                }
                last = value;
            }
            return last;
        }
    }
}
