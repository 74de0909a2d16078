# %% [markdown]
# # 2. Max-pooling, Adam 0.001, through `train_ch5`
#
# The program of the Chinese PyTorch port itself: the same network and optimiser as in
# [program 1](max_pool_adam_train_cuda_cpu.py), with the helpers called through `d2l`.
#
# **In the published form** the printed loss falls faster than the real one: the sum over one epoch is divided by a count of
# batches that is never reset, so the printed loss is half of the real one in the second epoch, and a fifth in the fifth.
#
# **What is different here.** The count is reset in each epoch, so the losses of all epochs can be compared. `optimizer`
# takes every step: called again, `train_ch5` continues the training.
#
# **What changed against the published form:** the last import line, which was `import d2lzh_pytorch as d2l`.
#
# **What it prints:** the layers, the device, and for each epoch
# `epoch …, loss …, train acc …, test acc …, time … sec`.
#
# 这就是中文 PyTorch 移植版自己的程序：网络和优化器与[程序 1](max_pool_adam_train_cuda_cpu.py) 相同，辅助函数通过 `d2l` 调用。
#
# **发表的程序里**，打印出来的 loss 降得比实际快：一个周期的损失之和除以一个跨周期一直累加、从不清零的批数，于是第二个周期
# 的 loss 只剩一半，第五个周期只剩五分之一。
#
# **现在有何不同。** 批数在每个周期开始时清零，各周期的 loss 可以互相比较。每一步都由 `optimizer` 完成，再次调用 `train_ch5`
# 会接着上次继续训练。
#
# **与发表的程序相比只改了一处：** 最后一行 import，原为 `import d2lzh_pytorch as d2l`。
#
# **输出：** 各层结构、所用设备，以及每个周期一行 `epoch …, loss …, train acc …, test acc …, time … sec`。

# %%
import torch
from torch import nn

import lenet.d2l as d2l

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


# %%
# Convolutions and pooling turn an image into 16 small maps; three dense layers turn these into ten scores.
# 卷积与池化把一张图变成 16 张小特征图，三个全连接层再把它们变成十个类别的得分。
class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 6, 5),  # (1, 28, 28) → (6, 24, 24)
            nn.Sigmoid(),
            nn.MaxPool2d(2, 2),  # → (6, 12, 12)
            nn.Conv2d(6, 16, 5),  # → (16, 8, 8)
            nn.Sigmoid(),
            nn.MaxPool2d(2, 2),  # → (16, 4, 4)
        )
        self.fc = nn.Sequential(
            nn.Linear(16 * 4 * 4, 120),
            nn.Sigmoid(),
            nn.Linear(120, 84),
            nn.Sigmoid(),
            nn.Linear(84, 10),
        )

    def forward(self, img):
        feature = self.conv(img)
        return self.fc(feature.view(img.shape[0], -1))


net = LeNet()
print(net)

# %%
# 60,000 training and 10,000 test images, cut into batches straight from memory: no worker processes.
# 6 万张训练图和 1 万张测试图，直接从内存里切出小批量，不需要任何工作进程。
batch_size = 256
train_iter, test_iter = d2l.load_data_fashion_mnist(batch_size=batch_size)

# %%
# Five epochs with Adam; the first begins on a plateau at accuracy 0.1 and leaves it by itself.
# 用 Adam 训练五个周期；第一个周期开始时准确率停在 0.1 的平台上，随后会自己走出来。
lr, num_epochs = 0.001, 5
optimizer = torch.optim.Adam(net.parameters(), lr=lr)
d2l.train_ch5(net, train_iter, test_iter, batch_size, optimizer, device, num_epochs)
