class Flatten():
    def forward(self, A):
        self.shape = A.shape
        return A.reshape(len(A), -1)

    def backward(self, dLdZ):
        return dLdZ.reshape(self.shape)
