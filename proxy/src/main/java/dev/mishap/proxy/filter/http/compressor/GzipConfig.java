package dev.mishap.proxy.filter.http.compressor;

import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import java.util.zip.Deflater;

/**
 * {@code envoy.extensions.compression.gzip.compressor.v3.Gzip}.
 *
 * @param level as in {@link Deflater}
 * @param strategy as in {@link Deflater}
 * @param chunkSize bytes of the buffers that are filled and sent
 */
record GzipConfig(int level, int strategy, int chunkSize) {
    static final String MESSAGE = "envoy.extensions.compression.gzip.compressor.v3.Gzip";

    static final SupportedFields FIELDS = SupportedFields.of(MESSAGE)
            .supported("compression_level", "compression_strategy", "chunk_size")
            .accepted("memory_level", "the JDK's zlib has a fixed one; the stream is the same format")
            .accepted("window_bits", "the JDK's zlib has a fixed window, which every gzip reader can read");

    private static final int DEFAULT_CHUNK = 4096;

    static GzipConfig from(ConfigNode node) {
        return new GzipConfig(level(node.enumName("compression_level")), strategy(node), (int)
                node.integer("chunk_size", DEFAULT_CHUNK));
    }

    private static int level(String name) {
        return switch (name) {
            case "BEST_SPEED" -> Deflater.BEST_SPEED;
            case "BEST_COMPRESSION" -> Deflater.BEST_COMPRESSION;
            case "DEFAULT_COMPRESSION" -> Deflater.DEFAULT_COMPRESSION;
            default -> Integer.parseInt(name.substring(name.lastIndexOf('_') + 1));
        };
    }

    private static int strategy(ConfigNode node) {
        String name = node.enumName("compression_strategy");
        return switch (name) {
            case "DEFAULT_STRATEGY" -> Deflater.DEFAULT_STRATEGY;
            case "FILTERED" -> Deflater.FILTERED;
            case "HUFFMAN_ONLY" -> Deflater.HUFFMAN_ONLY;
            default -> throw node.error("compression_strategy", name + " is not supported");
        };
    }
}
