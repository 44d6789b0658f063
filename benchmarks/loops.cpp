// One epoch of 784-128-64-10 in plain loops, as a first C++ program would have it.
//
//     loops IMAGES      prints the seconds for that many images, batch 64, plain SGD
//
// Row-major float matrices, products in i-k-j order, ReLU, a stable softmax with
// cross-entropy; no library and no hand-made vector code. What the compiler makes of
// it is the subject: compare -O0, -O2 and -O3 -march=native.

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <vector>

struct Matrix {
    int rows, cols;
    std::vector<float> data;
    Matrix(int r, int c) : rows(r), cols(c), data(size_t(r) * c, 0.0f) {}
    float& at(int r, int c) { return data[size_t(r) * cols + c]; }
    float at(int r, int c) const { return data[size_t(r) * cols + c]; }
};

// (n, m) times (m, p)
Matrix product(const Matrix& a, const Matrix& b) {
    Matrix out(a.rows, b.cols);
    for (int i = 0; i < a.rows; i++)
        for (int k = 0; k < a.cols; k++) {
            const float value = a.at(i, k);
            for (int j = 0; j < b.cols; j++) out.at(i, j) += value * b.at(k, j);
        }
    return out;
}

Matrix transposed(const Matrix& a) {
    Matrix out(a.cols, a.rows);
    for (int i = 0; i < a.rows; i++)
        for (int j = 0; j < a.cols; j++) out.at(j, i) = a.at(i, j);
    return out;
}

struct Layer {
    Matrix weight;
    std::vector<float> bias;
    Layer(int in, int out, std::mt19937& random) : weight(in, out), bias(out, 0.0f) {
        std::normal_distribution<float> normal(0.0f, std::sqrt(2.0f / in));
        for (float& w : weight.data) w = normal(random);
    }
    Matrix forward(const Matrix& x) const {
        Matrix y = product(x, weight);
        for (int i = 0; i < y.rows; i++)
            for (int j = 0; j < y.cols; j++) y.at(i, j) += bias[j];
        return y;
    }
    void step(const Matrix& x, const Matrix& grad, float lr) {
        const Matrix grad_weight = product(transposed(x), grad);
        for (size_t i = 0; i < weight.data.size(); i++)
            weight.data[i] -= lr * grad_weight.data[i];
        for (int i = 0; i < grad.rows; i++)
            for (int j = 0; j < grad.cols; j++) bias[j] -= lr * grad.at(i, j);
    }
};

void relu(Matrix& a) {
    for (float& v : a.data) v = std::max(v, 0.0f);
}

// The gradient passes where the ReLU's output is above 0.
void through_relu(Matrix& grad, const Matrix& output) {
    for (size_t i = 0; i < grad.data.size(); i++)
        if (output.data[i] <= 0.0f) grad.data[i] = 0.0f;
}

// Softmax, then the gradient of the mean cross-entropy, in place.
void softmax_gradient(Matrix& logits, const std::vector<int>& labels, int start) {
    for (int i = 0; i < logits.rows; i++) {
        float top = logits.at(i, 0), sum = 0.0f;
        for (int j = 1; j < logits.cols; j++) top = std::max(top, logits.at(i, j));
        for (int j = 0; j < logits.cols; j++)
            sum += logits.at(i, j) = std::exp(logits.at(i, j) - top);
        for (int j = 0; j < logits.cols; j++) logits.at(i, j) /= sum * logits.rows;
        logits.at(i, labels[start + i]) -= 1.0f / logits.rows;
    }
}

int main(int argc, char** argv) {
    const int images = argc > 1 ? std::atoi(argv[1]) : 60000, batch = 64;
    const float lr = 0.05f;
    std::mt19937 random(0);
    std::uniform_real_distribution<float> pixel(0.0f, 1.0f);
    Matrix x(images, 784);
    std::vector<int> labels(images);
    for (float& v : x.data) v = pixel(random);
    for (int& label : labels) label = int(random() % 10);
    Layer first(784, 128, random), second(128, 64, random), third(64, 10, random);

    const std::clock_t start = std::clock();
    for (int begin = 0; begin < images; begin += batch) {
        Matrix input(std::min(batch, images - begin), 784);
        std::copy_n(&x.data[size_t(begin) * 784], input.data.size(), input.data.begin());
        Matrix h1 = first.forward(input);
        relu(h1);
        Matrix h2 = second.forward(h1);
        relu(h2);
        Matrix grad = third.forward(h2);
        softmax_gradient(grad, labels, begin);
        Matrix grad_h2 = product(grad, transposed(third.weight));
        third.step(h2, grad, lr);
        through_relu(grad_h2, h2);
        Matrix grad_h1 = product(grad_h2, transposed(second.weight));
        second.step(h1, grad_h2, lr);
        through_relu(grad_h1, h1);
        first.step(input, grad_h1, lr);
    }
    const double seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
    std::printf("%.6f %g\n", seconds, third.bias[0]);  // the second: work is used
}
