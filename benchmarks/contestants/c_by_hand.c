/* A network with one hidden layer of sigmoids and one sigmoid output, binary cross-entropy, batches of one
   row, plain gradient descent. INPUTS, HIDDEN, REAL, EXP and LOG are given on the command line. */
#include <math.h>

static REAL sigmoid(REAL z) { return 1 / (1 + EXP(-z)); }

/* w: INPUTS × HIDDEN by rows, v: HIDDEN; the mean cost of the last epoch. */
double train(long epochs, long rows, const REAL *restrict inputs, const REAL *restrict targets,
             REAL *restrict w, REAL *restrict b, REAL *restrict v, REAL *restrict c, REAL rate)
{
    double total = 0;
    for (long epoch = 0; epoch < epochs; epoch++) {
        total = 0;
        for (long row = 0; row < rows; row++) {
            const REAL *x = inputs + row * INPUTS;
            REAL h[HIDDEN], z = c[0];
            for (int j = 0; j < HIDDEN; j++) {
                REAL s = b[j];
                for (int i = 0; i < INPUTS; i++)
                    s += x[i] * w[i * HIDDEN + j];
                h[j] = sigmoid(s);
                z += h[j] * v[j];
            }
            REAL p = sigmoid(z), t = targets[row], d = p - t;
            total -= t > 0 ? LOG(p) : LOG(1 - p);
            for (int j = 0; j < HIDDEN; j++) {
                REAL e = rate * d * v[j] * h[j] * (1 - h[j]);
                v[j] -= rate * d * h[j];
                b[j] -= e;
                for (int i = 0; i < INPUTS; i++)
                    w[i * HIDDEN + j] -= e * x[i];
            }
            c[0] -= rate * d;
        }
    }
    return total / rows;
}
