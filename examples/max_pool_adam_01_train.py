# %% [markdown]
# # 4. Max-pooling, Adam 0.01, through `train`
#
# The network of [program 1](max_pool_adam_train_cuda_cpu.py) with ten times its learning rate, five epochs, through a private
# copy of the port's helpers in which `train_ch5` is named `train`, and `load_data_fashion_mnist` `get_data_fashion_mnist`.
#
# **In the published form** four worker processes prepare the images one by one, on Windows a single process, and the
# network waits for them.
#
# **What is different here.** There are no workers to wait for. With 0.01 most runs escape the plateau at 0.1 early in the
# first epoch, and reach a much higher accuracy in five epochs than with 0.001. But about one run in five is still at 0.1
# after the first epoch, and some stay there: that depends on the random initial weights. Run it again, or take 0.001.
#
# **What changed against the published form:** the last import line, which was
# `from Code.Utils.train import get_data_fashion_mnist, train`.
#
# **What it prints:** the layers, the device, and for each epoch
# `epoch …, loss …, train acc …, test acc …, time … sec`.
#
# 网络与[程序 1](max_pool_adam_train_cuda_cpu.py) 相同，学习率是它的十倍，训练五个周期。所用的是移植版辅助函数的一份私人拷贝，
# 其中 `train_ch5` 改名为 `train`，`load_data_fashion_mnist` 改名为 `get_data_fashion_mnist`。
#
# **发表的程序里**，四个工作进程（在 Windows 上只有主进程）逐张准备图片，网络要等它们。
#
# **现在有何不同。** 没有工作进程，也就不用等。学习率为 0.01 时，大多数情况下第一个周期之初就能走出 0.1 的平台，五个周期达到的
# 准确率也比 0.001 高得多。但大约每五次就有一次在第一个周期之后仍停在 0.1，有的会一直停在那里：这取决于随机的初始权重。重新
# 运行一次，或改用 0.001 即可。
#
# **与发表的程序相比只改了一处：** 最后一行 import，原为 `from Code.Utils.train import get_data_fashion_mnist, train`。
#
# **输出：** 各层结构、所用设备，以及每个周期一行 `epoch …, loss …, train acc …, test acc …, time … sec`。

# %%
import torch
from torch import nn

from lenet.d2l import get_data_fashion_mnist, train

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
train_iter, test_iter = get_data_fashion_mnist(batch_size)

# %%
# Ten times the learning rate of program 1.
# 学习率是程序 1 的十倍。
lr, num_epochs = 0.01, 5
optimizer = torch.optim.Adam(net.parameters(), lr=lr)
train(net, train_iter, test_iter, batch_size, optimizer, device, num_epochs)
