package dev.mishap.proxy.runtime;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The values of some layers laid over each other; a later layer wins. Immutable. */
final class LayeredSnapshot implements RuntimeSnapshot {
    /** One layer's values. */
    record Layer(String name, Map<String, RuntimeValue> values) {}

    private final List<Layer> layers;
    private final Map<String, RuntimeValue> values;

    LayeredSnapshot(List<Layer> layers) {
        this.layers = List.copyOf(layers);
        Map<String, RuntimeValue> all = new HashMap<>();
        for (Layer layer : layers) {
            all.putAll(layer.values());
        }
        this.values = all;
    }

    int keys() {
        return values.size();
    }

    int layerCount() {
        return layers.size();
    }

    @Override
    public long integer(String key, long defaultValue) {
        RuntimeValue v = values.get(key);
        return v == null ? defaultValue : v.integer(defaultValue);
    }

    @Override
    public boolean bool(String key, boolean defaultValue) {
        RuntimeValue v = values.get(key);
        return v == null || v.bool() == null ? defaultValue : v.bool();
    }

    @Override
    public double number(String key, double defaultValue) {
        RuntimeValue v = values.get(key);
        return v == null || v.number() == null ? defaultValue : v.number();
    }

    @Override
    public long partsPerMillion(String key, long defaultPartsPerMillion) {
        RuntimeValue v = values.get(key);
        return v == null ? defaultPartsPerMillion : v.partsPerMillion(defaultPartsPerMillion);
    }

    /** {layers, entries{key: {layer_values, final_value}}}, as /runtime shows it. */
    Map<String, @Nullable Object> dump() {
        List<String> names = new ArrayList<>();
        layers.forEach(l -> names.add(l.name()));
        Map<String, Object> entries = new LinkedHashMap<>();
        values.keySet().stream().sorted().forEach(key -> {
            List<String> layerValues = new ArrayList<>();
            String last = "";
            for (Layer layer : layers) {
                RuntimeValue v = layer.values().get(key);
                layerValues.add(v == null ? "" : v.text());
                last = v == null ? last : v.text();
            }
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("layer_values", layerValues);
            entry.put("final_value", last);
            entries.put(key, entry);
        });
        Map<String, @Nullable Object> out = new LinkedHashMap<>();
        out.put("layers", names);
        out.put("entries", entries);
        return out;
    }
}
