# %% [markdown]
# # 1. Max-pooling, Adam 0.001, through `train_cuda_cpu`
#
# The LeNet of the Chinese PyTorch port (sigmoid, max-pooling, no padding: 44,426 parameters) learns Fashion-MNIST, five
# epochs with Adam. `train_cuda_cpu` is a private copy of the port's `train_ch5`.
#
# **What went wrong for its author.** That copy evaluated the network on all 10,000 test images after every batch, 235 times
# an epoch. After 1,750 seconds of the first epoch the accuracy was still at chance level, 0.1, and its author pressed
# Ctrl-C.
#
# **What is different here.** The network is evaluated once an epoch. The plateau at 0.1 is real: with sigmoids and Adam at
# 0.001 the network stays on it for about the first third of the first epoch; then the accuracy rises fast. So waiting pays,
# and the wait is short. Ctrl-C ends the training at once, and `net` keeps the weights of the steps taken so far.
# [README.md](README.md) has the seconds, also those with an evaluation after every batch.
#
# **What changed against the published form:** the last import line, which was
# `from Code.Utils.train import load_data_fashion_mnist, train_cuda_cpu`.
#
# **What it prints:** the layers, the device, and for each epoch
# `epoch …, loss …, train acc …, test acc …, time … sec`.
#
# 中文 PyTorch 移植版里的 LeNet（sigmoid、最大池化、无填充，共 44,426 个参数），在 Fashion-MNIST 上用 Adam 训练五个周期。
# `train_cuda_cpu` 是移植版 `train_ch5` 的一份私人拷贝。
#
# **作者遇到了什么。** 那份拷贝每训练一个小批量就把 1 万张测试图全部评估一遍，每个周期要评估 235 次。第一个周期跑了
# 1,750 秒，准确率仍停在瞎猜的水平 0.1，作者只好按下 Ctrl-C。
#
# **现在有何不同。** 每个周期只在测试集上评估一次。停在 0.1 的平台期确实存在：用 sigmoid 和学习率 0.001 的 Adam，
# 第一个周期大约前三分之一都停在平台上，之后准确率上升很快。所以值得等，而且用不了多久。按 Ctrl-C 会立刻停下，`net` 保留已经
# 学到的权重。耗时见 [README.md](README.md)，那里也有“每个小批量都评估”的耗时。
#
# **与发表的程序相比只改了一处：** 最后一行 import，原为
# `from Code.Utils.train import load_data_fashion_mnist, train_cuda_cpu`。
#
# **输出：** 各层结构、所用设备，以及每个周期一行 `epoch …, loss …, train acc …, test acc …, time … sec`。

# %%
import torch
from torch import nn

from lenet.d2l import load_data_fashion_mnist, train_cuda_cpu

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
train_iter, test_iter = load_data_fashion_mnist(batch_size)

# %%
# Five epochs; the loss that is printed is the mean over the batches of that epoch.
# 训练五个周期；打印的 loss 是该周期内各小批量损失的平均值。
lr, num_epochs = 0.001, 5
optimizer = torch.optim.Adam(net.parameters(), lr=lr)
train_cuda_cpu(net, train_iter, test_iter, batch_size, optimizer, device, num_epochs=num_epochs)
