"""What a network computes for one picture, against counts made by hand."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def layers():
    import keras

    return keras.layers


def graph(shape, *stack):
    import keras

    images = x = keras.Input(shape)
    for layer in stack:
        x = layer(x)
    return keras.Model(images, x)


def count(network, shape):
    from imgcls_automl.training.flops import count_flops

    return count_flops(network, shape)


class TestLayers:
    def test_a_convolution_uses_its_kernel_at_every_position_it_gives(self, layers):
        network = graph((8, 8, 3), layers.Conv2D(5, 3))
        assert count(network, (8, 8, 3)) == 2 * (6 * 6) * (3 * 3 * 3 * 5)

    def test_groups_and_strides_make_it_cheaper(self, layers):
        network = graph((8, 8, 4), layers.Conv2D(4, 3, padding="same", groups=2, strides=2))
        assert count(network, (8, 8, 4)) == 2 * (4 * 4) * (3 * 3 * 2 * 4)

    def test_a_separable_one_counts_both_of_its_kernels(self, layers):
        network = graph((8, 8, 4), layers.SeparableConv2D(6, 3))
        assert count(network, (8, 8, 4)) == 2 * (6 * 6) * (3 * 3 * 4 + 4 * 6)

    def test_a_transposed_one_works_on_what_it_takes(self, layers):
        network = graph((4, 4, 2), layers.Conv2DTranspose(3, 2, strides=2))
        assert count(network, (4, 4, 2)) == 2 * (4 * 4) * (2 * 2 * 2 * 3)

    def test_dense_and_normalisation(self, layers):
        stack = layers.BatchNormalization(), layers.Flatten(), layers.Dense(10)
        assert count(graph((4, 4, 2), *stack), (4, 4, 2)) == 2 * (4 * 4 * 2 + 32 * 10)

    def test_attention_counts_its_projections_and_products(self, layers):
        import keras

        tokens = keras.Input((16, 8))
        given = layers.MultiHeadAttention(num_heads=2, key_dim=4)(tokens, tokens)
        network = keras.Model(
            tokens, layers.EinsumDense("abc,cd->abd", output_shape=(None, 5))(given)
        )
        assert count(network, (16, 8)) == 2 * (16 * 4 * 8 * 8 + 16 * 16 * 2 * 8 + 16 * 8 * 5)

    def test_what_has_no_weights_is_free(self, layers):
        stack = layers.Rescaling(2.0), layers.MaxPooling2D(), layers.ReLU(), layers.Dropout(0.5)
        assert count(graph((8, 8, 1), *stack), (8, 8, 1)) == 0


class TestNetworks:
    def test_a_layer_that_is_used_twice_counts_twice(self, layers):
        twice = layers.Conv2D(1, 3, padding="same")
        assert count(graph((8, 8, 1), twice, twice), (8, 8, 1)) == 2 * 2 * 8 * 8 * 9

    def test_networks_in_a_network_are_looked_into(self, layers):
        inner = graph((8, 8, 1), layers.Conv2D(2, 3))
        network = graph((8, 8, 1), inner, layers.Flatten(), layers.Dense(3))
        assert count(network, (8, 8, 1)) == 2 * (36 * 18 + 72 * 3)

    def test_one_that_is_no_graph_is_watched_at_work(self, layers):
        import keras

        class Own(keras.Model):
            def __init__(self):
                super().__init__()
                self.convolution = layers.Conv2D(2, 3)
                self.head = keras.Sequential([layers.Flatten(), layers.Dense(3)])

            def call(self, images):
                return self.head(self.convolution(images))

        network = Own()
        assert count(network, (8, 8, 1)) == 2 * (36 * 18 + 72 * 3)
        assert count(network, (8, 8, 1)) == 2 * (36 * 18 + 72 * 3)  # as it was before

    def test_a_layer_of_an_unknown_kind_uses_its_weights_at_every_position(self, layers):
        class Own(layers.Layer):
            def build(self, shape):
                self.kernel = self.add_weight(shape=(shape[-1], 7))
                self.scale = self.add_weight(shape=(7,))

            def call(self, images):
                return (images @ self.kernel) * self.scale

            def compute_output_shape(self, shape):
                return (*shape[:-1], 7)

        assert count(graph((8, 8, 2), Own()), (8, 8, 2)) == 2 * 64 * (2 * 7)
